// What library code says while it works. The terminal, `--verbose` and the tests each render or count these.

export type Event =
  | {
      readonly type: 'lock';
      readonly version: string;
      readonly fresh: boolean;
      readonly selected: number;
      readonly total: number;
    }
  | {
      readonly type: 'base';
      readonly name: string;
      readonly python: string | null;
      readonly packages: number;
      readonly size: number;
    }
  | { readonly type: 'download'; readonly name: string; readonly size: number | undefined }
  /** `method` is told where it is not `GET`. */
  | { readonly type: 'request'; readonly url: string; readonly method?: string }
  | { readonly type: 'downloaded'; readonly name: string; readonly size: number }
  | { readonly type: 'retry'; readonly url: string; readonly attempt: number; readonly reason: string }
  | { readonly type: 'wheels'; readonly total: number; readonly cached: number; readonly size: number }
  | { readonly type: 'layer'; readonly name: string; readonly size: number; readonly cached: boolean }
  | { readonly type: 'blob-read'; readonly digest: string; readonly why: string }
  | {
      readonly type: 'image';
      readonly platform: string;
      readonly unpacked: number;
      readonly size: number;
      readonly seconds: number;
    }
  /** Bytes sent to an engine or a repository so far; `total` does not count what it has already. */
  | { readonly type: 'upload'; readonly to: string; readonly sent: number; readonly total: number }
  /** A blob is in the repository `to`: it was there, was mounted from another one, or was sent. */
  | {
      readonly type: 'pushed';
      readonly digest: string;
      readonly size: number;
      readonly to: string;
      readonly how: 'present' | 'mounted' | 'sent';
    }
  | { readonly type: 'layers'; readonly names: readonly string[] }
  /** What builds where bivy does not: `docker buildx`, and which of them. */
  | { readonly type: 'engine'; readonly name: string; readonly detail: string }
  /** A step of an engine's build, as the engine calls it: `[builder 3/7] RUN …`; `seconds` once it is done. */
  | {
      readonly type: 'step';
      readonly name: string;
      readonly state: 'begun' | 'done' | 'cached' | 'failed';
      readonly seconds?: number;
    }
  /** A line that the command of a step printed. */
  | { readonly type: 'step-output'; readonly name: string; readonly text: string }
  | { readonly type: 'published'; readonly where: string; readonly changed: boolean }
  | { readonly type: 'note'; readonly message: string }
  | { readonly type: 'warning'; readonly message: string; readonly hint?: string };

export type Emit = (event: Event) => void;
