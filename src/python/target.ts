// What an installation is for: a CPython on Linux. Nothing of it is asked from this host.

export type Libc = { readonly family: 'glibc' | 'musl'; readonly major: number; readonly minor: number };

export interface Target {
  /** As `platform.python_version()` says it: `3.11.2`, or `3.14.0rc2`. */
  readonly python: string;
  /** OCI spelling: `linux/amd64`, `linux/arm64`, `linux/arm/v7`. */
  readonly platform: string;
  readonly libc: Libc;
  /** `platform.release()` of the host the image will run on: unknowable, so only where the user says it. */
  readonly kernel?: string;
}
