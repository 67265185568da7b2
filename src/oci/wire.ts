// Untyped JSON of layouts and archives to wire types. Every byte is suspect; what is not understood is not kept, so that
// a configuration that is written again holds only what `spec.ts` names.

import {
  booleanOf,
  descend,
  entriesOf,
  integerOf,
  isPresent,
  itemsOf,
  member,
  type Node,
  optional,
  refuse,
  rootNode,
  stringOf,
  stringsOf,
  stringTableOf,
} from '../kernel/decode.ts';
import { type Digest, isDigest } from '../kernel/digest.ts';
import { BivyError } from '../kernel/errors.ts';
import {
  CONFIG,
  type Descriptor,
  type History,
  type ImageConfig,
  type Platform,
  type RunConfig,
} from './spec.ts';

/**
 * @param name what the bytes are, for messages
 * @throws BivyError `BASE_INVALID`
 */
export function parseJson(bytes: Uint8Array, name: string): Node {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch (error) {
    throw new BivyError('BASE_INVALID', `${name} is no JSON`, { cause: error });
  }
  return rootNode(withoutNulls(value), { file: name, code: 'BASE_INVALID' });
}

/** The manifests of an index. */
export function decodeIndex(node: Node): readonly Descriptor[] {
  return itemsOf(member(node, 'manifests')).map(decodeDescriptor);
}

export function decodeManifest(node: Node): {
  readonly config: Descriptor;
  readonly layers: readonly Descriptor[];
} {
  return {
    config: decodeDescriptor(member(node, 'config')),
    layers: itemsOf(member(node, 'layers')).map(decodeDescriptor),
  };
}

function decodeDescriptor(node: Node): Descriptor {
  const size = integerOf(member(node, 'size'));
  if (size < 0) refuse(member(node, 'size'), 'a size');
  const platform = optional(member(node, 'platform'), decodePlatform);
  const annotations = optional(member(node, 'annotations'), stringTableOf);
  const mediaType = optional(member(node, 'mediaType'), stringOf) ?? CONFIG;
  return {
    mediaType,
    digest: digestIn(member(node, 'digest')),
    size,
    ...(platform === undefined ? {} : { platform }),
    ...(annotations === undefined ? {} : { annotations: Object.fromEntries(annotations) }),
  };
}

function decodePlatform(node: Node): Platform {
  const variant = optional(member(node, 'variant'), stringOf);
  return {
    os: stringOf(member(node, 'os')),
    architecture: stringOf(member(node, 'architecture')),
    ...(variant === undefined || variant === '' ? {} : { variant }),
  };
}

export function decodeConfig(node: Node): ImageConfig {
  const created = optional(member(node, 'created'), stringOf);
  const author = optional(member(node, 'author'), stringOf);
  const config = optional(member(node, 'config'), decodeRunConfig);
  const history = optional(member(node, 'history'), (list) => itemsOf(list).map(decodeHistory));
  return {
    ...(created === undefined ? {} : { created }),
    ...(author === undefined ? {} : { author }),
    ...decodePlatform(node),
    ...(config === undefined ? {} : { config }),
    rootfs: {
      type: 'layers',
      diff_ids: itemsOf(descend(node, 'rootfs', 'diff_ids')).map(digestIn),
    },
    ...(history === undefined ? {} : { history }),
  };
}

function decodeHistory(node: Node): History {
  const texts = ['created', 'created_by', 'author', 'comment'].flatMap((key) => {
    const text = optional(member(node, key), stringOf);
    return text === undefined ? [] : [[key, text]];
  });
  const empty = optional(member(node, 'empty_layer'), booleanOf);
  return { ...Object.fromEntries(texts), ...(empty === true ? { empty_layer: true } : {}) };
}

const TEXTS: readonly string[] = ['User', 'WorkingDir', 'StopSignal'];
const LISTS: readonly string[] = ['Env', 'Entrypoint', 'Cmd', 'Shell'];
const SETS: readonly string[] = ['ExposedPorts', 'Volumes'];

function decodeRunConfig(node: Node): RunConfig {
  const found: Record<string, unknown> = {};
  for (const key of TEXTS) found[key] = optional(member(node, key), stringOf);
  for (const key of LISTS) found[key] = optional(member(node, key), stringsOf);
  for (const key of SETS) {
    found[key] = optional(member(node, key), (set) =>
      Object.fromEntries(entriesOf(set).map(([name]) => [name, {}])),
    );
  }
  found['Labels'] = optional(member(node, 'Labels'), (labels) => Object.fromEntries(stringTableOf(labels)));
  found['Healthcheck'] = optional(member(node, 'Healthcheck'), decodeHealthcheck);
  return Object.fromEntries(Object.entries(found).filter(([, value]) => value !== undefined)) as RunConfig;
}

function decodeHealthcheck(node: Node): Record<string, unknown> {
  const found: Record<string, unknown> = {};
  if (isPresent(member(node, 'Test'))) found['Test'] = stringsOf(member(node, 'Test'));
  for (const key of ['Interval', 'Timeout', 'StartPeriod', 'StartInterval', 'Retries']) {
    const value = optional(member(node, key), integerOf);
    if (value !== undefined) found[key] = value;
  }
  return found;
}

function digestIn(node: Node): Digest {
  const text = stringOf(node);
  if (isDigest(text)) return text;
  if (/^[a-z0-9]+(?:[+._-][a-z0-9]+)*:[A-Za-z0-9=_-]+$/.test(text)) {
    throw new BivyError('BASE_UNSUPPORTED', `\`${node.document.file}\` names \`${text.slice(0, 100)}\``, {
      hint: 'only SHA-256 digests are supported',
    });
  }
  return refuse(node, 'a digest');
}

/** Go writes `null` for what is absent (`"Cmd": null`). */
function withoutNulls(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutNulls);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .filter(([, inner]) => inner !== null)
      .map(([key, inner]) => [key, withoutNulls(inner)]),
  );
}
