/** A measurement. `rows` is its table (milliseconds unless said), `summary` what is to be read from it. */
export interface Benchmark {
  readonly title: string;
  run(): Promise<BenchmarkResult>;
}

export interface BenchmarkResult {
  readonly rows: Readonly<Record<string, Readonly<Record<string, number>>>>;
  readonly summary: readonly string[];
  readonly samples?: unknown;
}

/** The value below which that share of the samples lies (nearest rank). */
export function percentile(samples: readonly number[], share: number): number {
  const sorted = samples.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(share * sorted.length) - 1))] ?? Number.NaN;
}

/** One row of a table. */
export function describeSamples(samples: readonly number[]): Record<string, number> {
  const round = (value: number) => Math.round(value * 10) / 10;
  return {
    n: samples.length,
    p50: round(percentile(samples, 0.5)),
    p99: round(percentile(samples, 0.99)),
    min: round(Math.min(...samples)),
    max: round(Math.max(...samples)),
  };
}
