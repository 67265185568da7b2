// Where the parts of a wheel go below a virtual environment (Poetry: utils/env/base_env.py, installation/wheel_installer.py).

export type Scheme = 'purelib' | 'platlib' | 'headers' | 'scripts' | 'data';

const SCHEMES: readonly string[] = ['purelib', 'platlib', 'headers', 'scripts', 'data'];

export function isScheme(text: string): text is Scheme {
  return SCHEMES.includes(text);
}

/** `python` is `X.Y`. */
export function sitePackages(python: string): string {
  return `lib/python${python}/site-packages`;
}

/** The scheme's directory below the environment; empty for `data`, which is the environment itself. */
export function schemeDirectory(scheme: Scheme, python: string, distribution: string): string {
  switch (scheme) {
    case 'purelib':
    case 'platlib':
      return sitePackages(python);
    case 'headers':
      return `include/site/python${python}/${distribution}`;
    case 'scripts':
      return 'bin';
    case 'data':
      return '';
  }
}

/** What RECORD writes before a path of `scheme`: the way there from site-packages. `root` is where the wheel's root goes. */
export function recordPrefix(scheme: Scheme, root: Scheme, python: string, distribution: string): string {
  if (scheme === root) return '';
  const directory = schemeDirectory(scheme, python, distribution);
  if (directory === sitePackages(python)) return './';
  return directory === '' ? '../../../' : `../../../${directory}/`;
}

/**
 * Paths below the environment that are its own, or directories of it: no file of a wheel may stand there.
 * Poetry would write through `bin/python` into the base's interpreter.
 */
export function isReserved(path: string, python: string): boolean {
  const [top, name] = path.split('/');
  if (top === 'bin' && name !== undefined) return ['python', 'python3', `python${python}`].includes(name);
  const own = ['bin', 'include', 'lib', `lib/python${python}`, sitePackages(python)];
  return top === 'pyvenv.cfg' || own.includes(path);
}
