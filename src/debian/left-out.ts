// Dependencies that a base does without, because only maintainer scripts use them and bivy runs none. The table is
// printed in `docs/debian-base.md`. What a user names in `packages` is never left out.

export interface LeftOut {
  /** The package that depends; `*` for any. */
  readonly of: string;
  readonly dependency: string;
  readonly reason: string;
}

export const LEFT_OUT: readonly LeftOut[] = [
  {
    of: '*',
    dependency: 'adduser',
    reason: 'creates users in `postinst`; the base has Debian’s standing users',
  },
  {
    of: 'base-files',
    dependency: 'awk',
    reason: 'its `postinst` computes with it; nothing in the package uses it',
  },
  {
    of: '*',
    dependency: 'debconf',
    reason: 'asks an administrator questions while packages are set up; the defaults are written by bivy',
  },
  {
    of: '*',
    dependency: 'dpkg',
    reason: 'sets packages up (diversions, alternatives, triggers); bivy lays the files itself',
  },
  {
    of: '*',
    dependency: 'init-system-helpers',
    reason: 'registers services with an init system; a container has none',
  },
  {
    of: '*',
    dependency: 'install-info',
    reason: 'writes the index of Info manuals, which are left out',
  },
  {
    of: '*',
    dependency: 'lsb-base',
    reason: 'is read by init scripts alone',
  },
  {
    of: 'ca-certificates',
    dependency: 'openssl',
    reason: '`update-ca-certificates` names certificates by their hash with it; bivy writes the bundle',
  },
  {
    of: '*',
    dependency: 'python3',
    reason:
      'adds links and byte-compilers that `postinst` calls; the interpreter itself (`python3.X-minimal`) is in every base, and bivy writes the links',
  },
  {
    of: '*',
    dependency: 'ucf',
    reason: 'merges configuration files that an administrator changed, in `postinst`',
  },
];
