// The builders that are here, each as the flags and the environment that reach it, and a project for them. In CI all of them
// must be there; elsewhere what is missing is said.

import { cpSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { isThere } from '../../support/images.ts';
import { startBuildkitd } from './buildkit.ts';
import { CLIENT } from './engine.ts';
import { goProgram } from './go-programs.ts';
import { succeed } from './program.ts';
import { engineEnvironment, savedBase } from './saved-base.ts';
import { ROOT, sharedCache } from './shared-folders.ts';

export interface Way {
  readonly flags: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** As the document of a build names it. */
  readonly title: string;
}

export type WayName = 'docker' | 'buildctl' | 'buildx, docker' | 'buildx, remote' | 'podman';

export interface Workplace {
  /** A copy of the example annapurna. */
  readonly project: string;
  /** As `--base` takes it. */
  readonly base: string;
  readonly ways: Partial<Record<WayName, Way>>;
  stop(): Promise<void>;
}

/** Needs an engine. @param folder of the test's own */
export async function openWorkplace(folder: string): Promise<Workplace> {
  const project = join(folder, 'annapurna');
  cpSync(join(ROOT, 'examples', 'annapurna'), project, { recursive: true });
  const base = await savedBase(folder);
  const environment = engineEnvironment();
  const host = ['--network', 'host'];
  const ways: Partial<Record<WayName, Way>> = {
    docker: { flags: ['--engine', 'buildkit:docker', ...host], environment, title: 'docker build' },
  };
  if (isThere('podman', '--version')) {
    ways.podman = { flags: ['--engine', 'buildkit:podman', ...host], environment, title: 'podman' };
  } else if (process.env['CI'] === 'true') {
    throw new Error('CI has no podman');
  } else {
    console.warn('SKIPPED: no podman here');
  }
  const plugin = goProgram('buildx');
  const buildkitd = await startBuildkitd();
  if (plugin !== undefined) {
    const title = 'docker buildx';
    const buildx = { ...environment, DOCKER_CONFIG: clientFolder(folder, plugin) };
    ways['buildx, docker'] = { flags: ['--engine', 'buildkit', ...host], environment: buildx, title };
    if (buildkitd !== undefined) {
      const create = ['buildx', 'create', '--name', 'remote', '--driver', 'remote', buildkitd.address];
      await succeed(create, { environment: buildx, command: [CLIENT] });
      const flags = ['--engine', 'buildkit:buildx', '--builder', 'remote'];
      ways['buildx, remote'] = { flags, environment: buildx, title };
    }
  } else if (process.env['CI'] === 'true') {
    throw new Error('CI has no buildx: Go is needed');
  }
  if (buildkitd !== undefined) {
    const path = `${join(buildkitd.buildctl, '..')}:${process.env['PATH'] ?? ''}`;
    ways.buildctl = {
      flags: ['--engine', 'buildkit'],
      environment: { PATH: path, BUILDKIT_HOST: buildkitd.address },
      title: 'buildctl',
    };
  }
  return { project, base, ways, stop: async () => buildkitd?.stop() };
}

/** A folder for the client's configuration alone, with the plugin in it. */
function clientFolder(folder: string, plugin: string): string {
  const config = join(folder, 'docker');
  mkdirSync(join(config, 'cli-plugins'), { recursive: true });
  cpSync(plugin, join(config, 'cli-plugins', 'docker-buildx'));
  return config;
}

/** What builds have left in the shared cache of the tests. */
export function leftovers(): readonly string[] {
  return readdirSync(join(sharedCache(), 'tmp'));
}
