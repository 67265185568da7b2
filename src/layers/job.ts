// The making of one layer, as data that crosses a thread's edge; and how an error crosses it.

import { BivyError, describeError, type ErrorDescription, toBivyError } from '../kernel/errors.ts';
import type { Part } from './entry.ts';
import type { Compression } from './layout.ts';
import type { Overlap } from './overlap.ts';
import type { LayerSummary } from './writer.ts';

export interface JobWheel {
  /** The wheel on this disk. */
  readonly path: string;
  readonly fileName: string;
  /** 64 hexadecimal digits: held against the file's bytes before anything is made of them. */
  readonly sha256: string;
  /** This process wrote the file, and held it against its hash as it came. */
  readonly verified?: boolean;
  /** Bytes of the file. */
  readonly size: number;
  /** Image paths of files that a wheel of another layer ships and wins. */
  readonly shadowed?: readonly string[];
}

/** Wheels, in Poetry's order: where two ship one path, the later one wins. */
export interface WheelsJob {
  readonly kind: 'wheels';
  readonly wheels: readonly JobWheel[];
  /** `3.11` */
  readonly python: string;
  /** `/app/.venv` */
  readonly prefix: string;
  /** Where the prefix lies physically in the image, if a link of the base leads elsewhere. */
  readonly location?: string;
  /** `gzip` where left out. */
  readonly compression?: Compression;
  /** Path of the file to write; it must not exist. */
  readonly output: string;
}

/** Entries as they are. Computed contents cannot cross threads: a job that has some runs in the thread that made it. */
export interface EntriesJob {
  readonly kind: 'entries';
  readonly parts: readonly Part[];
  /** `gzip` where left out. */
  readonly compression?: Compression;
  /** Patterns of paths (`matches`): with `estargz`, files to fetch before a container starts. */
  readonly prefetch?: readonly string[];
  readonly output: string;
}

export type LayerJob = WheelsJob | EntriesJob;

export interface LayerResult extends LayerSummary {
  readonly overlaps: readonly Overlap[];
  /** What Poetry would warn of too: a RECORD that disagrees, files that are left out. */
  readonly warnings: readonly string[];
}

/** Bytes that a job has to read, roughly: what decides who runs first and where. */
export function weightOf(job: LayerJob): number {
  if (job.kind === 'wheels') return job.wheels.reduce((sum, { size }) => sum + size, 0);
  let sum = 0;
  for (const { entries } of job.parts)
    for (const entry of entries) if (entry.kind === 'file') sum += entry.size;
  return sum;
}

/** Whether structured cloning can carry it. */
export function isPortable(job: LayerJob): boolean {
  if (job.kind === 'wheels') return true;
  return job.parts.every(({ entries }) =>
    entries.every((entry) => entry.kind !== 'file' || entry.content.kind !== 'computed'),
  );
}

/** What the worker thread answers. */
export type LayerReply =
  | { readonly ok: true; readonly result: LayerResult }
  | { readonly ok: false; readonly error: ErrorDescription; readonly stack: string | undefined };

export function packError(thrown: unknown): LayerReply {
  const error = toBivyError(thrown);
  return { ok: false, error: describeError(error), stack: error.stack };
}

export function unpackError({ error, stack }: LayerReply & { readonly ok: false }): BivyError {
  const { code, message, hint, location, causes } = error;
  const revived = new BivyError(code, message, {
    ...(hint === null ? {} : { hint }),
    ...(location === null
      ? {}
      : {
          location: {
            file: location.file,
            ...(location.line === null ? {} : { line: location.line }),
            ...(location.column === null ? {} : { column: location.column }),
          },
        }),
    causes,
  });
  if (stack !== undefined) revived.stack = stack;
  return revived;
}
