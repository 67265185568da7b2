// How an image was made, as SLSA provenance (https://slsa.dev/spec/v1.0/provenance): what was asked for, every input by its
// hash, and which bivy did it. No time, host or invocation: whoever builds the same again says the same.

import { type Digest, hexOf } from '../kernel/digest.ts';
import { VERSION } from '../kernel/program.ts';
import type { Attestation } from '../oci/attach.ts';
import type { ImageContents } from './contents.ts';
import { baseUrl, debianUrl, wheelUrl } from './package-url.ts';
import { attest, PROVENANCE_PREDICATE } from './statement.ts';

/** https://github.com/in-toto/attestation/blob/main/spec/v1/resource_descriptor.md */
interface ResourceDescriptor {
  readonly name?: string;
  readonly uri?: string;
  readonly digest: Readonly<Record<string, string>>;
}

export interface ProvenanceOptions {
  readonly contents: ImageContents;
  /**
   * What the user asked for that the image depends on: flags, settings, selection, as JSON. Credentials that stand in an
   * address are left out of it; whatever else is secret must not be in it.
   */
  readonly parameters: Readonly<Record<string, unknown>>;
  /** Files that decided: `pyproject.toml`, `poetry.lock`, `bivy.lock`, by the digest of their bytes. */
  readonly files: readonly { readonly name: string; readonly digest: Digest }[];
  /** The project's own files as they went into the image: the digest of that layer's key or content. */
  readonly sources?: Digest;
  readonly git?: { readonly revision?: string; readonly source?: string };
}

/** This package by its name: bivy has no address of its own on the web. */
const BUILDER = 'pkg:npm/bivy';
/** Counts up when parameters or dependencies mean something else. */
const BUILD_TYPE = `${BUILDER}#build/v1`;

/** The statement, to be attached. */
export function writeProvenance(options: ProvenanceOptions): Attestation {
  const { contents, parameters } = options;
  return attest(contents, PROVENANCE_PREDICATE, {
    buildDefinition: {
      buildType: BUILD_TYPE,
      externalParameters: withoutCredentials({ ...parameters, platform: contents.platform }),
      resolvedDependencies: dependencies(options),
    },
    runDetails: { builder: { id: BUILDER, version: { bivy: VERSION } } },
  });
}

function dependencies({ contents, files, sources, git = {} }: ProvenanceOptions): ResourceDescriptor[] {
  const { base, debian, wheels, platform } = contents;
  return [
    ...(git.revision === undefined ? [] : [commit(git.revision, git.source)]),
    ...files.map(({ name, digest }) => ({ name, digest: { sha256: hexOf(digest) } })),
    ...(sources === undefined ? [] : [{ name: 'application', digest: { sha256: hexOf(sources) } }]),
    ...(base === undefined
      ? []
      : [{ name: base.reference, uri: baseUrl(base, platform), digest: { sha256: hexOf(base.digest) } }]),
    ...(debian?.packages ?? []).map((found) => ({
      name: found.name,
      uri: debianUrl(found, debian?.release ?? ''),
      digest: { sha256: found.sha256 },
    })),
    ...wheels.map((wheel) => ({
      name: wheel.file.name,
      uri: wheelUrl(wheel),
      digest: { sha256: wheel.file.sha256 },
    })),
  ];
}

/** `gitCommit` of in-toto's digest set, whatever hash the repository uses. */
function commit(revision: string, source: string | undefined): ResourceDescriptor {
  return {
    ...(source === undefined ? { name: 'git' } : { uri: `git+${source}` }),
    digest: { gitCommit: revision },
  };
}

/** The value with every address in it stripped of user and password. */
function withoutCredentials(value: unknown): unknown {
  if (typeof value === 'string') return value.replace(/(\b[a-z][a-z0-9+.-]*:\/\/)[^\s/?#]*@/gi, '$1');
  if (Array.isArray(value)) return value.map(withoutCredentials);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, withoutCredentials(inner)]));
}
