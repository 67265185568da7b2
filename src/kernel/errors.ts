// Every failure that a user can meet: one class, a closed set of codes, and the remedy beside the fault.
// `cli/terminal.ts` alone turns it into words; `--json` prints `describeError`.

/** A code is stable: scripts may match on it. Each has a section in `docs/errors.md`. */
export type ErrorCode =
  | 'USAGE'
  | 'CONFIG_UNKNOWN_KEY'
  | 'CONFIG_INVALID'
  | 'PROJECT_MISSING'
  | 'PROJECT_INVALID'
  | 'TOML_SYNTAX'
  | 'LOCK_MISSING'
  | 'LOCK_STALE'
  | 'LOCK_VERSION'
  | 'LOCK_INVALID'
  | 'LOCK_UNSOLVABLE'
  | 'PINS_INVALID'
  | 'PINS_DISAGREE'
  | 'GROUP_UNKNOWN'
  | 'EXTRA_UNKNOWN'
  | 'PYTHON_UNSUPPORTED'
  | 'TARGET_INVALID'
  | 'MARKER_INVALID'
  | 'MARKER_UNKNOWABLE'
  | 'CONSTRAINT_INVALID'
  | 'NO_WHEEL'
  | 'SOURCE_UNSUPPORTED'
  | 'HASH_MISMATCH'
  | 'INDEX_UNREACHABLE'
  | 'INDEX_INVALID'
  | 'FILE_MISSING'
  | 'OFFLINE'
  | 'MIRROR_UNKNOWN'
  | 'MIRROR_UNREACHABLE'
  | 'MIRROR_SIGNATURE'
  | 'MIRROR_EXPIRED'
  | 'MIRROR_INVALID'
  | 'DEBIAN_PACKAGE'
  | 'WHEEL_INVALID'
  | 'WHEEL_UNSAFE'
  | 'ARCHIVE_INVALID'
  | 'BASE_INVALID'
  | 'BASE_MISSING'
  | 'BASE_NO_PYTHON'
  | 'BASE_OCCUPIED'
  | 'BASE_UNSUPPORTED'
  | 'DESTINATION_INVALID'
  | 'DESTINATION_NOT_OURS'
  | 'REGISTRY_UNREACHABLE'
  | 'REGISTRY_DENIED'
  | 'REGISTRY_INVALID'
  | 'IMAGE_MISSING'
  | 'ENGINE_UNREACHABLE'
  | 'ENGINE_FAILED'
  | 'BUILD_FAILED'
  | 'ENTRYPOINT_UNKNOWN'
  | 'INCLUDE_MISSING'
  | 'ROOT_INVALID'
  | 'OVERLAP_REFUSED'
  | 'DOCKERFILE_NOT_OURS'
  | 'DOCKERFILE_MISSING'
  | 'DOCKERFILE_INVALID'
  | 'DOCKERFILE_CHANGED'
  | 'DISK_FULL'
  | 'PERMISSION'
  | 'INTERRUPTED'
  | 'INTERNAL';

/** Where in a user's file the fault is. Lines and columns count from 1. */
export interface Location {
  readonly file: string;
  readonly line?: number;
  readonly column?: number;
}

export interface ErrorDetails {
  /** What to do next, as one sentence without a full stop. */
  readonly hint?: string;
  readonly location?: Location;
  /** Further faults of the same kind, a line each (for example every package without a wheel). */
  readonly causes?: readonly string[];
  readonly cause?: unknown;
}

/** The one error of bivy. `message` says what was being done and what was wrong; `hint` what to do about it. */
export class BivyError extends Error {
  readonly code: ErrorCode;
  readonly hint: string | undefined;
  readonly location: Location | undefined;
  readonly causes: readonly string[];

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'BivyError';
    this.code = code;
    this.hint = details.hint;
    this.location = details.location;
    this.causes = details.causes ?? [];
  }
}

export interface ErrorDescription {
  readonly code: ErrorCode;
  readonly message: string;
  readonly location: {
    readonly file: string;
    readonly line: number | null;
    readonly column: number | null;
  } | null;
  readonly hint: string | null;
  readonly causes: readonly string[];
}

const SYSTEM_CODES: Readonly<Record<string, { code: ErrorCode; hint: string }>> = {
  ENOSPC: { code: 'DISK_FULL', hint: 'free some space, or point `BIVY_CACHE_DIR` at another disk' },
  EDQUOT: { code: 'DISK_FULL', hint: 'free some space, or point `BIVY_CACHE_DIR` at another disk' },
  EACCES: { code: 'PERMISSION', hint: 'check who owns that path and whether this user may write there' },
  EPERM: { code: 'PERMISSION', hint: 'check who owns that path and whether this user may write there' },
  EROFS: { code: 'PERMISSION', hint: 'that file system is read-only; choose another path' },
};

/** Any thrown value as a `BivyError`: system errors get their code and remedy, the rest is `INTERNAL`. */
export function toBivyError(error: unknown): BivyError {
  if (error instanceof BivyError) return error;
  if (error instanceof Error) {
    const { code, path } = error as NodeJS.ErrnoException;
    if (error.name === 'AbortError') return new BivyError('INTERRUPTED', 'interrupted', { cause: error });
    const known = code === undefined ? undefined : SYSTEM_CODES[code];
    if (known !== undefined) {
      return new BivyError(known.code, error.message, {
        hint: known.hint,
        cause: error,
        ...(path === undefined ? {} : { location: { file: path } }),
      });
    }
    return new BivyError('INTERNAL', error.message, {
      cause: error,
      hint: 'this is a fault in bivy; please report it with the output of `--verbose`',
    });
  }
  return new BivyError('INTERNAL', String(error));
}

/** The error as the JSON contract has it; `causes` lists further faults, then the chain of `cause`. */
export function describeError(error: BivyError): ErrorDescription {
  const causes = [...error.causes];
  for (let cause = error.cause; cause instanceof Error && causes.length < 20; cause = cause.cause) {
    if (cause.message !== error.message) causes.push(cause.message);
  }
  const { location } = error;
  return {
    code: error.code,
    message: error.message,
    location:
      location === undefined
        ? null
        : { file: location.file, line: location.line ?? null, column: location.column ?? null },
    hint: error.hint ?? null,
    causes,
  };
}
