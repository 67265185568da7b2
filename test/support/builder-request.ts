// A request to a builder, with whatever a test wants of it.

import type { BuilderContext, BuilderRequest } from '../../src/engines/builders/builder.ts';
import type { Digest } from '../../src/kernel/digest.ts';
import type { Event } from '../../src/kernel/events.ts';

export const DIGEST = `sha256:${'ab'.repeat(32)}` as Digest;

export function requestOf(more: Partial<BuilderRequest> = {}): BuilderRequest {
  return {
    context: '/project',
    dockerfile: '/work/dockerfile/Dockerfile',
    bases: [],
    platforms: [],
    arguments: [],
    secrets: [],
    ssh: [],
    cacheFrom: [],
    cacheTo: [],
    noCache: false,
    pull: false,
    sbom: false,
    provenance: false,
    keepsImages: false,
    work: '/work',
    ...more,
  };
}

export interface Heard {
  readonly events: Event[];
  readonly context: BuilderContext;
  readonly controller: AbortController;
}

/** A context that records what is said. */
export function listen(environment: NodeJS.ProcessEnv = process.env): Heard {
  const events: Event[] = [];
  const controller = new AbortController();
  const context: BuilderContext = {
    environment,
    emit: (event) => events.push(event),
    signal: controller.signal,
    redact: (text) => text.replaceAll('hush-hush', '***'),
  };
  return { events, context, controller };
}
