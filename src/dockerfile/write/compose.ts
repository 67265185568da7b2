// A Compose file for working on the project: the image built from the generated Dockerfile, and `watch`, which puts an
// edited file where the running container has it. https://github.com/compose-spec/compose-spec

import { MARKER, type ProjectFacts } from '../facts.ts';
import { imageName } from './bake.ts';
import { environmentDirectory, inContext, placeOf, projectDirectory } from './blocks.ts';

/** @param context from the file, which lies beside `pyproject.toml`, to the build context: `.`, `../..` */
export function generateCompose(facts: ProjectFacts, context: string): string {
  const { image, privateSources, ssh, path } = facts;
  const name = imageName(facts.name);
  const secrets = privateSources.flatMap(({ variable }) => [`${variable}_USERNAME`, `${variable}_PASSWORD`]);
  const lines = [
    MARKER,
    'services:',
    `  ${name}:`,
    `    image: "${name}:\${TAG:-latest}"`,
    '    build:',
    `      context: ${scalar(context)}`,
    `      dockerfile: ${scalar(path === '' ? 'Dockerfile' : `${path}/Dockerfile`)}`,
    ...items('      secrets:', secrets),
    ...(ssh ? items('      ssh:', ['default']) : []),
    ...items('    ports:', image.expose.map(published)),
    ...(image.init ? [] : ['    init: true']),
    ...(image.stopsignal === undefined ? [] : [`    stop_signal: ${scalar(image.stopsignal)}`]),
    ...items(
      '    volumes:',
      image.volumes.map((volume) => `${volumeName(volume)}:${volume}`),
    ),
    '    develop:',
    '      watch:',
    ...watches(facts, context),
    ...(image.volumes.length === 0
      ? []
      : ['volumes:', ...image.volumes.map((volume) => `  ${volumeName(volume)}: {}`)]),
    ...(secrets.length === 0
      ? []
      : ['secrets:', ...secrets.flatMap((secret) => [`  ${secret}:`, `    environment: ${scalar(secret)}`])]),
  ];
  return `${lines.join('\n')}\n`;
}

function published(port: string): string {
  const [number = '', protocol] = port.split('/');
  return `127.0.0.1:${number}:${number}${protocol === undefined ? '' : `/${protocol}`}`;
}

function watches(facts: ProjectFacts, context: string): readonly string[] {
  const packages = `${environmentDirectory(facts)}/lib/python${facts.python}/site-packages`;
  const base = facts.image.workdir ?? projectDirectory(facts);
  const code = facts.sources.flatMap(({ path, installed }) => {
    const target = facts.packageMode
      ? installed === undefined
        ? undefined
        : `${packages}/${installed}`
      : `${base}/${path}`;
    return target === undefined ? rebuild(path) : sync(path, target);
  });
  return [
    ...code,
    ...facts.included.flatMap(({ path }) => sync(path, `${base}/${path}`)),
    ...facts.paths.flatMap(({ path, develop, directory }) => {
      const here = context === '.' ? path : `${context}/${inContext(facts, path)}`;
      return develop && directory ? sync(here, placeOf(facts, path)) : rebuild(here);
    }),
    ...facts.manifests.flatMap(rebuild),
  ];
}

/** The program is started again: it has read its modules. */
function sync(path: string, target: string): readonly string[] {
  return [
    '        - action: sync+restart',
    `          path: ${scalar(path)}`,
    `          target: ${scalar(target)}`,
    '          ignore:',
    '            - __pycache__/',
  ];
}

function rebuild(path: string): readonly string[] {
  return ['        - action: rebuild', `          path: ${scalar(path)}`];
}

function items(key: string, values: readonly string[]): readonly string[] {
  const indent = ' '.repeat(key.length - key.trimStart().length + 2);
  return values.length === 0 ? [] : [key, ...values.map((value) => `${indent}- ${scalar(value)}`)];
}

/** Plain where YAML can take it for nothing but a string. `$` would begin a variable of Compose. */
function scalar(text: string): string {
  const plain = /^[A-Za-z_/][\w./+-]*$/.test(text) && !/^(?:true|false|null|yes|no|on|off|y|n)$/i.test(text);
  return plain ? text : JSON.stringify(text.replaceAll('$', '$$$$'));
}

function volumeName(path: string): string {
  return imageName(path);
}
