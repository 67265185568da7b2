// One file of a layer, before it has any bytes of tar. Order, parents, owners' names and times are the layer's business.

/** A file's SHA-256 (64 hexadecimal digits) and size in bytes, as written. */
export interface FileDigest {
  readonly sha256: string;
  readonly size: number;
}

export type Content =
  | { readonly kind: 'bytes'; readonly bytes: Uint8Array }
  /** Bytes `offset` to `offset + size` of a file on disk, as they are. */
  | { readonly kind: 'slice'; readonly path: string; readonly offset: number; readonly crc32?: number }
  /** A raw DEFLATE stream inside a file on disk (a zip member): spliced into the layer where it is long enough. */
  | {
      readonly kind: 'deflate';
      readonly path: string;
      readonly offset: number;
      readonly compressedSize: number;
      readonly crc32: number;
    }
  /** Bytes that depend on the digests of the other files of the same `part` (a RECORD): written after all of those. */
  | { readonly kind: 'computed'; readonly from: (digests: ReadonlyMap<string, FileDigest>) => Uint8Array };

interface Common {
  /** Relative to the image's root, `/`-separated, no leading `/`, no `.` or `..` component: `app/.venv/bin/uvicorn`. */
  readonly path: string;
  readonly mode: number;
  /** Numeric owner; 0 where left out. */
  readonly uid?: number;
  readonly gid?: number;
}

export interface FileEntry extends Common {
  readonly kind: 'file';
  /** Bytes; ignored where the content is `computed`. */
  readonly size: number;
  readonly content: Content;
  /** Another part ships this path and wins: hash it for RECORD, write nothing. */
  readonly shadowed?: boolean;
}

export interface DirectoryEntry extends Common {
  readonly kind: 'directory';
}

export interface SymlinkEntry extends Common {
  readonly kind: 'symlink';
  readonly target: string;
}

/** `target` is the path of an entry that stands earlier in the same layer. */
export interface HardlinkEntry extends Common {
  readonly kind: 'hardlink';
  readonly target: string;
}

export type Entry = FileEntry | DirectoryEntry | SymlinkEntry | HardlinkEntry;

/** Entries that belong together: one wheel, one Debian package, the application. */
export interface Part {
  readonly name: string;
  readonly entries: readonly Entry[];
}
