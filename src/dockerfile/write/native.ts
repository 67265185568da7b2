// What is known of packages that come as source: which system packages build them, and which they run with. Debian's
// names (bookworm; the same before, for most). Whoever is not listed gets the full image, which has compilers and headers.

interface Needs {
  readonly build: readonly string[];
  readonly run: readonly string[];
}

const COMPILER = 'build-essential';

const NATIVE: Readonly<Record<string, Needs>> = {
  'dbus-python': {
    build: ['libdbus-1-dev', 'libglib2.0-dev', 'pkg-config'],
    run: ['libdbus-1-3', 'libglib2.0-0'],
  },
  gssapi: { build: ['libkrb5-dev'], run: ['libgssapi-krb5-2'] },
  mysqlclient: { build: ['default-libmysqlclient-dev', 'pkg-config'], run: ['libmariadb3'] },
  netifaces: { build: [], run: [] },
  psutil: { build: [], run: [] },
  psycopg2: { build: ['libpq-dev'], run: ['libpq5'] },
  'psycopg-c': { build: ['libpq-dev'], run: ['libpq5'] },
  pyaudio: { build: ['portaudio19-dev'], run: ['libportaudio2'] },
  pycairo: { build: ['libcairo2-dev', 'pkg-config'], run: ['libcairo2'] },
  pycurl: { build: ['libcurl4-openssl-dev', 'libssl-dev'], run: ['libcurl4'] },
  pymssql: { build: ['freetds-dev'], run: ['libsybdb5'] },
  pyodbc: { build: ['unixodbc-dev'], run: ['libodbc2'] },
  'python-ldap': { build: ['libldap2-dev', 'libsasl2-dev'], run: ['libldap-2.5-0', 'libsasl2-2'] },
  'systemd-python': { build: ['libsystemd-dev', 'pkg-config'], run: ['libsystemd0'] },
  uwsgi: { build: [], run: [] },
  xmlsec: { build: ['libxmlsec1-dev', 'pkg-config'], run: ['libxmlsec1-openssl'] },
};

/** Source alone, and nothing to compile in it. */
const PURE: ReadonlySet<string> = new Set(
  (
    'antlr4-python3-runtime django-js-asset docopt ebooklib flask-basicauth forbiddenfruit future gpxpy jieba json-log-formatter ' +
    'langdetect pyjsparser pyperclip python-memcached pyvcf rouge-score sgmllib3k starkbank-ecdsa stopit svgpathtools unidiff ' +
    'wikipedia zipstream-new'
  ).split(' '),
);

export interface BuildNeeds {
  /** Debian packages that build what is known. */
  readonly build: readonly string[];
  readonly run: readonly string[];
  /** Those that must be compiled, as far as is known; the others are in `unknown`. */
  readonly compiled: readonly string[];
  readonly pure: readonly string[];
  /** Whether they need a compiler, and what else, is not known. */
  readonly unknown: readonly string[];
}

/** @param sdists names in normal form */
export function buildNeeds(sdists: readonly string[]): BuildNeeds {
  const compiled = sdists.filter((name) => Object.hasOwn(NATIVE, name));
  const needs = compiled.flatMap((name) => NATIVE[name] ?? []);
  return {
    build: compiled.length === 0 ? [] : unique([COMPILER, ...needs.flatMap(({ build }) => build)]),
    run: unique(needs.flatMap(({ run }) => run)),
    compiled,
    pure: sdists.filter((name) => PURE.has(name)),
    unknown: sdists.filter((name) => !PURE.has(name) && !compiled.includes(name)),
  };
}

/** Sorted by code unit, each once. */
function unique(names: readonly string[]): readonly string[] {
  return [...new Set(names)].sort();
}
