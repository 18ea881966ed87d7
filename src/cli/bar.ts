/** A bar of so many characters, filled up to a fraction of 0 to 1. What is more than nothing never looks empty, what is less than all never full. */
export function renderBar(fraction: number, width: number, isUnicode = false): string {
  const steps = isUnicode ? partial.length + 1 : 1;
  const most = width * steps;
  const filled = between(Math.round(fraction * most), fraction > 0 ? 1 : 0, fraction < 1 ? most - 1 : most);
  const whole = Math.floor(filled / steps);
  const rest = partial[(filled % steps) - 1] ?? '';
  const [full, empty] = isUnicode ? ['█', '░'] : ['#', '.'];
  return full.repeat(whole) + rest + empty.repeat(width - whole - rest.length);
}

/** "37 %", and never "0 %" of something or "100 %" of less than all. */
export function renderPercent(fraction: number): string {
  if (fraction > 0 && fraction < 0.01) return '<1 %';
  if (fraction > 0.99 && fraction < 1) return '>99 %';
  return `${Math.round(fraction * 100)} %`;
}

/** The part of a whole as a number of 0 to 1; of nothing, none is used. */
export function fractionOf(part: bigint, whole: bigint): number {
  if (part <= 0n || whole <= 0n) return 0;
  if (part >= whole) return 1;
  // Of 2^80 a number keeps the first 53 bits: neither end may be reached by rounding.
  return between(Number(part) / Number(whole), Number.MIN_VALUE, 1 - Number.EPSILON);
}

/** "65,536" up to a thousand million, "1.84e19" beyond, so that IPv6 needs no wider columns. Rounded down. */
export function renderCount(count: number | bigint): string {
  const digits = String(count);
  if (digits.length <= 9) return digits.replaceAll(/\B(?=(\d{3})+$)/g, ',');
  return `${digits[0]}.${digits.slice(1, 3)}e${digits.length - 1}`;
}

/** Eighths of a character, from one to seven. */
const partial = ['▏', '▎', '▍', '▌', '▋', '▊', '▉'];

function between(value: number, least: number, most: number): number {
  return Math.min(Math.max(value, least), most);
}
