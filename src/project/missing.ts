// The error for a file that was named exactly and is not there: mostly something generated, so the hint says what to run.

import { BivyError, type Location } from '../kernel/errors.ts';

/** What usually makes a file of that name. Read from the top; the first that fits is told. */
const MAKERS: readonly (readonly [pattern: RegExp, command: string])[] = [
  [/(^|\/)(staticfiles|collected_static)(\/|$)/, '`python manage.py collectstatic --noinput`'],
  [/\.mo$/, '`pybabel compile` (or `django-admin compilemessages`)'],
  [/(^|\/)locale(\/|$)/, '`pybabel compile` (or `django-admin compilemessages`)'],
  [/_pb2(_grpc)?\.pyi?$/, '`protoc` (or `python -m grpc_tools.protoc`)'],
  [/(^|\/)_?version\.py$/, 'whatever writes the version (`poetry dynamic-versioning`, `setuptools-scm`)'],
  [/(^|\/)(openapi|schema)[^/]*\.(json|ya?ml)$/, 'whatever exports the schema'],
  [/(^|\/)(node_modules|bundle[^/]*|static\/dist|frontend\/(dist|build))(\/|$)/, '`npm ci && npm run build`'],
  [/\.(css|js|mjs|map)$/, '`npm ci && npm run build`'],
  [/\.(so|pyd|dylib)$/, 'whatever compiles the extension'],
];

/** `where` is the setting that names the path: `[tool.bivy] include`. */
export function missingInclude(path: string, where: string, location: Location): BivyError {
  const maker = MAKERS.find(([pattern]) => pattern.test(path))?.[1];
  return new BivyError('INCLUDE_MISSING', `\`${where}\` names \`${path}\`, which does not exist`, {
    location,
    hint: `run ${maker ?? 'the command that makes it'} first, then build again; if it is not wanted, take it out of \`${where}\``,
  });
}
