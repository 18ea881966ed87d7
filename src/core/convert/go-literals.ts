import {GoSyntaxError} from './go-lex.ts';

/** The value of `"…"` or of a raw string in back quotes. Throws GoSyntaxError for an escape that Go does not know. */
export function goString(source: string, at: number): string {
  const inner = source.slice(1, -1);
  return source.startsWith('`') ? inner.replaceAll('\r', '') : unescaped(inner, at);
}

/** `'a'` is a number in Go. */
export function goCharacter(source: string, at: number): number {
  const [character, ...others] = unescaped(source.slice(1, -1), at);
  if (character === undefined || others.length > 0) throw new GoSyntaxError(`${source} is not one character`, at);
  return character.codePointAt(0) ?? 0;
}

export function goNumber(source: string, at: number): number {
  const sign = source.startsWith('-') ? -1 : 1;
  const digits = source.replace(/^[-+]/, '').replaceAll('_', '');
  // A leading zero means octal in Go.
  const value = Number(/^0\d+$/.test(digits) ? `0o${digits.slice(1)}` : digits);
  if (Number.isNaN(value)) throw new GoSyntaxError(`${source} is not a number`, at);
  return sign * value;
}

const escapes: Readonly<Record<string, string>> = {
  ...{n: '\n', t: '\t', r: '\r', a: '\u0007', b: '\b', f: '\f', v: '\v'},
  ...{'\\': '\\', '"': '"', "'": "'"},
};

function unescaped(text: string, at: number): string {
  return text.replaceAll(/\\(?:x([\da-fA-F]{2})|u([\da-fA-F]{4})|U([\da-fA-F]{8})|([0-7]{3})|(.))/g, (whole, x, u, wide, octal, letter) => {
    if (letter === undefined)
      return String.fromCodePoint(octal === undefined ? Number.parseInt(x ?? u ?? wide, 16) : Number.parseInt(octal, 8));
    const value = escapes[letter];
    if (value === undefined) throw new GoSyntaxError(`${whole} is no escape of Go`, at);
    return value;
  });
}
