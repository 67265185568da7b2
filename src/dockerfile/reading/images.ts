// Image references as a FROM or `COPY --from` has them: what they fix, and how much ships with them. Pure text.

export interface ImageName {
  /** `docker.io/library/python`, as written. */
  readonly repository: string;
  readonly tag: string | undefined;
  readonly digest: string | undefined;
}

/** Splits `name[:tag][@digest]`; a colon before the last slash is a port. */
export function parseImage(reference: string): ImageName {
  const at = reference.indexOf('@');
  const digest = at < 0 ? undefined : reference.slice(at + 1);
  const named = at < 0 ? reference : reference.slice(0, at);
  const colon = named.indexOf(':', named.lastIndexOf('/') + 1);
  if (colon < 0) return { repository: named, tag: undefined, digest };
  return { repository: named.slice(0, colon), tag: named.slice(colon + 1), digest };
}

/** Three numbers, wherever they stand: `3.12.4-slim`, `ubuntu-small-3.13.3`; or a day, `bookworm-20250113`. */
const EXACT = /\d+\.\d+\.\d+|(?:^|\D)20\d{6}(?:\D|$)/;

/** Whether the same words always mean the same image, or one whose patch release is said. */
export function isPinnedImage(reference: string): boolean {
  if (reference.toLowerCase() === 'scratch') return true;
  const { tag, digest } = parseImage(reference);
  return (digest !== undefined && digest.length > 0) || (tag !== undefined && EXACT.test(tag));
}

const MINIMAL =
  /(?:^|[^a-z])(?:slim|alpine|distroless|minimal|micro|small|wolfi|busybox|scratch|chainguard)(?:[^a-z]|$)|(?:^|\/)cgr\.dev\//i;
/** Distributions that are small by themselves, and servers that hold nothing to build with. */
const SMALL_LAST = /(?:^|\/)(?:debian|ubuntu|minideb|photon|nginx|caddy|httpd)$/i;
/** Languages, distributions with a build tool chain, and whole workbenches. */
const FULL_LAST =
  /(?:^|\/)(?:python|python3|pypy|node|ruby|golang|rust|openjdk|gcc|buildpack-deps|php|perl|miniconda\d?|anaconda\d?|miniforge\d?|cuda|pytorch|tensorflow|amazonlinux(?:-base)?|centos|fedora|rockylinux|almalinux|oraclelinux|ubi|devcontainers?|playwright|selenium|jupyter|spark|airflow|sdk|uvicorn-gunicorn(?:-[a-z]+)*)(?:[-_]?\d+)*$/i;
const FULL_TAG = /(?:^|-)(?:full|devel|buster|bullseye|bookworm|trixie|stretch|jessie|stable)$/i;
const FULL_PLACE = /(?:^|\/)(?:devcontainers|cimg|circleci|nvidia|pytorch|continuumio)\//i;

/**
 * How much ships with an image, by its name: `full` is a language's full image, a tool chain, conda; of `unknown` ones the name
 * says nothing.
 */
export function sizeOfImage(reference: string): 'minimal' | 'full' | 'unknown' {
  const { repository, tag } = parseImage(reference);
  if (MINIMAL.test(repository) || (tag !== undefined && MINIMAL.test(tag))) return 'minimal';
  // Their code names as tags of other images mean the full ones.
  if (SMALL_LAST.test(repository)) return 'minimal';
  const isFull =
    FULL_LAST.test(repository) || FULL_PLACE.test(repository) || (tag !== undefined && FULL_TAG.test(tag));
  return isFull ? 'full' : 'unknown';
}
