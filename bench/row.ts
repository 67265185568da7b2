// What a bench answers: figures held against limits, so that a table can be made of them and a run can fail.

export interface BenchRow {
  /** What was measured: `everest, nothing changed`. */
  readonly name: string;
  readonly figure: number;
  /** What the figure must not pass. */
  readonly limit: number;
  /** `x node -e 0`, `MB`, `s`. */
  readonly unit: string;
  /** Whether figures above the limit are good (a speed-up) or below (a size, a time). */
  readonly better: 'lower' | 'higher';
  /** How it was measured and against what, in a line. */
  readonly detail: string;
}

export function isMet({ figure, limit, better }: BenchRow): boolean {
  return better === 'lower' ? figure <= limit : figure >= limit;
}
