import { execFileSync, spawn } from 'node:child_process';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { dockerDestination } from '../../src/engines/docker.ts';
import { digestOf } from '../../src/kernel/digest.ts';
import { toBivyError } from '../../src/kernel/errors.ts';
import { openBase } from '../../src/oci/base.ts';
import { parseDestination } from '../../src/oci/destinations/parse.ts';
import type { BuiltImage } from '../../src/oci/image.ts';
import { imageOf, isThere, layerOf, type Member, type Stage, stage } from '../support/images.ts';
import { CLIENT, haveEngine } from './support/engine.ts';

const root = process.getuid?.() === 0;
const have = {
  skopeo: isThere('skopeo', '--version'),
  umoci: isThere('umoci', '--version') && root,
  docker: haveEngine(),
  containerd: isThere('containerd', '--version') && isThere('ctr', '--version') && root,
};
for (const [tool, there] of Object.entries(have)) {
  if (!there && process.env['CI'] === 'true') throw new Error(`CI has no \`${tool}\`, or is not root`);
  if (!there) console.warn(`SKIPPED: \`${tool}\` cannot be used here; what it says of images is not tested`);
}

function run(command: string, ...parameters: string[]): string {
  return execFileSync(command, parameters, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

async function publish(at: Stage, image: BuiltImage, destination: string, ...tags: string[]): Promise<void> {
  await (await parseDestination(destination)).write(image, tags, at.context);
}

/** Everything below a folder: kind, mode, owner, hard links, content. */
function treeOf(folder: string): Record<string, unknown> {
  const found: Record<string, unknown> = {};
  const inodes = new Map<number, string>();
  const visit = (path: string): void => {
    for (const name of readdirSync(join(folder, path)).sort()) {
      const inner = path === '' ? name : `${path}/${name}`;
      if (inner === '.bivy.json') continue;
      const { mode, uid, gid, ino, nlink } = lstatSync(join(folder, inner));
      const kind = mode & 0o170000;
      if (kind === 0o120000) found[inner] = `-> ${readlinkSync(join(folder, inner))}`;
      else if (kind === 0o040000) {
        found[inner] = `directory ${(mode & 0o7777).toString(8)} ${uid}:${gid}`;
        visit(inner);
      } else {
        const first = inodes.get(ino);
        if (nlink > 1 && first === undefined) inodes.set(ino, inner);
        const what = first === undefined ? digestOf(readFileSync(join(folder, inner))) : `= ${first}`;
        found[inner] = `${(mode & 0o7777).toString(8)} ${uid}:${gid} ${what}`;
      }
    }
  };
  visit('');
  return found;
}

const LAYERS: Member[][] = [
  [
    { path: './', mode: 0o755 },
    { path: 'etc/', mode: 0o755, mtime: 315_619_200 },
    { path: 'etc/passwd', body: 'root:x:0:0::/root:/bin/sh\nme:x:7:8::/home/me:\n' },
    { path: 'etc/old', body: 'gone' },
    { path: 'usr/bin/', mode: 0o755 },
    { path: 'usr/bin/tool', body: '#!/bin/sh\n', mode: 0o4755 },
    // Engines give the file the mode that the last of its names states.
    { path: 'usr/bin/same', type: '1', link: 'usr/bin/tool', mode: 0o4755 },
    { path: 'bin', link: 'usr/bin', mode: 0o777 },
    { path: 'home/me/', mode: 0o700, uid: 7, gid: 8 },
    { path: 'home/me/notes', body: 'x', mode: 0o600, uid: 7, gid: 8 },
    { path: 'var/full/', mode: 0o755 },
    { path: 'var/full/a', body: 'a' },
    { path: 'tmp/', mode: 0o1777 },
  ],
  [
    { path: 'etc/', mode: 0o755, mtime: 315_619_200 },
    { path: 'etc/.wh.old' },
    { path: 'etc/passwd', body: 'root:x:0:0::/root:/bin/sh\n' },
    { path: 'var/full/', mode: 0o750 },
    { path: 'var/full/.wh..wh..opq' },
    { path: 'var/full/b', body: 'b' },
  ],
  [
    { path: 'app/', mode: 0o755 },
    { path: 'app/big', body: Buffer.alloc(3_000_000, 'big') },
  ],
];

async function exampleImage(at: Stage): Promise<BuiltImage> {
  const layers = [];
  for (const [index, members] of LAYERS.entries()) {
    layers.push(await layerOf(at, members, { compression: index === 1 ? 'none' : 'gzip' }));
  }
  return imageOf(layers, { cmd: ['/usr/bin/tool'], env: { A: '1' }, user: '7:8', workdir: '/home/me' });
}

describe.runIf(have.skopeo)('skopeo', () => {
  it.each(['oci', 'oci-archive', 'docker-archive'])(
    'takes what `%s:` wrote, digest for digest',
    async (kind) => {
      const at = stage();
      const image = await exampleImage(at);
      const path = join(at.folder, 'out');
      await publish(at, image, `${kind}:${path}`, 'team/a:1', 'team/a:2');
      const reference = kind === 'docker-archive' ? `docker-archive:${path}:team/a:2` : `${kind}:${path}:2`;
      const inspected = JSON.parse(run('skopeo', 'inspect', '--config', reference)) as {
        config: { User: string };
      };
      expect(inspected.config.User).toBe('7:8');
      run(
        'skopeo',
        '--insecure-policy',
        'copy',
        '--preserve-digests',
        reference,
        `dir:${join(at.folder, 'copy')}`,
      );
      const manifest = readFileSync(join(at.folder, 'copy/manifest.json'));
      // `docker-archive` has no manifest of its own: skopeo makes one, and checks every diffID on the way.
      if (kind !== 'docker-archive') expect(digestOf(manifest)).toBe(image.manifestDigest);
      for (const { digest, diffId } of image.layers) {
        const kept = [digest, diffId].some((one) => existsSync(join(at.folder, 'copy', one.slice(7))));
        expect(kept).toBe(true);
      }
    },
  );
});

describe.runIf(have.umoci)('umoci', () => {
  it('unpacks a layout to the tree that `dir:` writes', async () => {
    const at = stage();
    const image = await exampleImage(at);
    await publish(at, image, `oci:${join(at.folder, 'layout')}`, 'a:1');
    await publish(at, image, `dir:${join(at.folder, 'tree')}`);
    run('umoci', 'unpack', '--image', `${join(at.folder, 'layout')}:1`, join(at.folder, 'bundle'));
    expect(treeOf(join(at.folder, 'tree'))).toEqual(treeOf(join(at.folder, 'bundle/rootfs')));
    expect(run('umoci', 'stat', '--image', `${join(at.folder, 'layout')}:1`)).toContain(
      image.layers[2]!.digest,
    );
  });

  it('agrees on whatever layers do to each other', async () => {
    const name = fc.constantFrom('a', 'b', 'c');
    const path = fc.array(name, { minLength: 1, maxLength: 3 }).map((parts) => parts.join('/'));
    const member = fc.oneof(
      {
        weight: 4,
        arbitrary: fc.record({
          path,
          body: fc.string({ maxLength: 5 }),
          mode: fc.constantFrom(0o644, 0o755, 0o600),
        }),
      },
      {
        weight: 2,
        arbitrary: fc.record({
          path: path.map((one) => `${one}/`),
          mode: fc.constantFrom(0o755, 0o700, 0o1777),
        }),
      },
      { weight: 1, arbitrary: fc.record({ path, link: fc.constantFrom('a', '../b', '/c', 'nowhere') }) },
    );
    const whiteout = path.map((one): Member => ({ path: one.replace(/[^/]+$/, '.wh.$&') }));
    const layer = fc.record({
      whiteouts: fc.array(whiteout, { maxLength: 2 }),
      members: fc.array(member, { maxLength: 5 }),
    });
    let round = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(layer, { minLength: 1, maxLength: 4 }), async (layers) => {
        const at = stage();
        const made = [];
        const links = new Set<string>();
        for (const { whiteouts, members } of layers) {
          const seen = new Set<string>();
          // Tools differ where a tar says a thing twice, or goes through what is no directory: no real layer does.
          const clean = members.filter(({ path: written }) => {
            const own = written.replace(/\/$/, '');
            const clash = [...seen, ...links].some((other) => other !== own && own.startsWith(`${other}/`));
            const twice = seen.has(own) || [...seen].some((other) => other.startsWith(`${own}/`));
            if (!clash && !twice) seen.add(own);
            return !clash && !twice;
          });
          for (const one of clean) if (!one.path.endsWith('/')) links.add(one.path);
          const own = new Set(clean.map((one) => one.path.replace(/\/$/, '').split('/')[0]));
          const gone = whiteouts.filter((one) => {
            const target = one.path.replace('.wh.', '');
            return (
              !own.has(target.split('/')[0]) && ![...links].some((link) => target.startsWith(`${link}/`))
            );
          });
          made.push(await layerOf(at, [...gone, ...clean]));
        }
        const folder = join(at.folder, `round${round++}`);
        const image = imageOf(made);
        await publish(at, image, `oci:${join(folder, 'layout')}`, 'a:1');
        await publish(at, image, `dir:${join(folder, 'tree')}`);
        run('umoci', 'unpack', '--image', `${join(folder, 'layout')}:1`, join(folder, 'bundle'));
        expect(treeOf(join(folder, 'tree'))).toEqual(treeOf(join(folder, 'bundle/rootfs')));
        rmSync(folder, { recursive: true });
      }),
      // The same cases each time: what other tools do beyond the specification is not ours to find out in CI.
      { numRuns: 40, seed: 7 },
    );
  });
});

describe.runIf(have.docker)('docker', () => {
  const tag = `bivy-test-oci:${process.pid}`;

  /** The files of an image as a container of it has them. */
  function exported(at: Stage, name: string): string[] {
    const container = run(CLIENT, 'create', name, 'x').trim();
    try {
      const file = join(at.folder, 'export.tar');
      run(CLIENT, 'export', '-o', file, container);
      return run('tar', '--numeric-owner', '-tvf', file)
        .trim()
        .split('\n')
        .map((line) => line.replace(/\s+/g, ' ').replace(/ \d{4}-\d\d-\d\d \d\d:\d\d /, ' '))
        .filter(
          (line) => !/ (?:dev|proc|sys)\/|etc\/(?:hostname|hosts|resolv\.conf|mtab)|\.dockerenv/.test(line),
        )
        .sort();
    } finally {
      run(CLIENT, 'rm', container);
    }
  }

  it('loads an archive, and runs by the same identity', async () => {
    const at = stage();
    const image = await exampleImage(at);
    const path = join(at.folder, 'image.tar');
    await publish(at, image, `docker-archive:${path}`, tag);
    try {
      run(CLIENT, 'load', '-i', path);
      expect(run(CLIENT, 'image', 'inspect', '--format', '{{.Id}} {{.Config.User}}', tag).trim()).toBe(
        `${image.configDigest} 7:8`,
      );
      const files = exported(at, tag);
      expect(files).toContainEqual(expect.stringMatching(/^drwx------ 7\/8 0 home\/me\/$/));
      expect(files).toContainEqual(expect.stringMatching(/^-rwsr-xr-x 0\/0 10 usr\/bin\/(?:tool|same)$/));
      expect(files).toContainEqual(expect.stringMatching(/^drwxr-x--- 0\/0 0 var\/full\/$/));
      expect(files.join('\n')).not.toMatch(/etc\/old|var\/full\/a/);
    } finally {
      run(CLIENT, 'rmi', '-f', tag);
    }
  });

  it('is sent what it lacks, and has the same image then', async () => {
    const at = stage();
    const image = await exampleImage(at);
    const next = imageOf(
      [...image.layers.slice(0, 2), await layerOf(at, [{ path: 'app/new', body: 'new' }])],
      { cmd: ['/usr/bin/tool'] },
    );
    const destination = dockerDestination(process.env);
    await destination.check(at.context);
    try {
      expect(await destination.write(image, [tag], at.context)).toMatchObject({ changed: true });
      expect(await destination.write(image, [tag], at.context)).toMatchObject({ changed: false });
      at.events.length = 0;
      expect(await destination.write(next, [tag, `${tag}-b`], at.context)).toMatchObject({ changed: true });
      const reads = at.events.filter(({ type }) => type === 'blob-read');
      const info = run(CLIENT, 'info', '--format', '{{json .DriverStatus}}');
      if (info.includes('io.containerd.snapshotter')) expect(reads).toHaveLength(3);
      else expect(reads).toMatchObject([{ digest: next.layers[2]!.digest }]);
      expect(exported(at, `${tag}-b`).join('\n')).toMatch(/app\/new/);
    } finally {
      run(CLIENT, 'rmi', '-f', tag, `${tag}-b`);
    }
  });

  it('saves archives that serve as bases', async () => {
    const at = stage();
    const image = await exampleImage(at);
    await publish(at, image, `oci:${join(at.folder, 'layout')}`);
    await dockerDestination(process.env).write(image, [tag], at.context);
    try {
      run(CLIENT, 'save', '-o', join(at.folder, 'saved.tar'), tag);
    } finally {
      run(CLIENT, 'rmi', '-f', tag);
    }
    const ours = await openBase(`oci:${join(at.folder, 'layout')}`, 'linux/amd64', at.context);
    const theirs = await openBase(
      `docker-archive:${join(at.folder, 'saved.tar')}`,
      'linux/amd64',
      at.context,
    );
    expect(theirs.facts).toEqual(ours.facts);
    expect(theirs.layers.map(({ diffId }) => diffId)).toEqual(ours.layers.map(({ diffId }) => diffId));
    // And an image on such a base is whole.
    await publish(at, imageOf(theirs.layers), `oci:${join(at.folder, 'next')}`, 'b:1');
    if (have.skopeo) {
      run(
        'skopeo',
        '--insecure-policy',
        'copy',
        `oci:${join(at.folder, 'next')}:1`,
        `docker-archive:${join(at.folder, 'checked')}:b:1`,
      );
    }
  });
});

const DAEMON = 'containerd';

describe.runIf(have.containerd)('containerd', () => {
  it.each(['oci-archive', 'docker-archive'])('imports what `%s:` wrote, and unpacks it', async (kind) => {
    const at = stage();
    const image = await exampleImage(at);
    const path = join(at.folder, 'image.tar');
    await publish(at, image, `${kind}:${path}`, 'team/a:1');
    const socket = join(at.folder, 'containerd.sock');
    writeFileSync(
      join(at.folder, 'config.toml'),
      'version = 2\ndisabled_plugins = ["io.containerd.grpc.v1.cri"]\n',
    );
    const daemon = spawn(
      DAEMON,
      [
        '--config',
        join(at.folder, 'config.toml'),
        '--root',
        join(at.folder, 'root'),
        '--state',
        join(at.folder, 'state'),
        '--address',
        socket,
      ],
      { stdio: 'ignore' },
    );
    const ended = new Promise((resolve) => daemon.once('exit', resolve));
    try {
      for (let tries = 0; tries < 100 && !isThere('ctr', '-a', socket, 'version'); tries++) {
        await new Promise((resolve) => setTimeout(resolve, 100));
      }
      run('ctr', '-a', socket, 'image', 'import', '--snapshotter', 'native', path);
      const listed = run('ctr', '-a', socket, 'image', 'ls');
      expect(listed).toContain('docker.io/team/a:1');
      expect(listed).toContain(image.manifestDigest);
      const target = join(at.folder, 'mounted');
      mkdirSync(target);
      run('ctr', '-a', socket, 'image', 'mount', '--snapshotter', 'native', 'docker.io/team/a:1', target);
      try {
        await publish(at, image, `dir:${join(at.folder, 'tree')}`);
        expect(treeOf(target)).toEqual(treeOf(join(at.folder, 'tree')));
      } finally {
        run('ctr', '-a', socket, 'image', 'unmount', target);
      }
    } finally {
      daemon.kill();
      await ended;
    }
  });
});

describe('killed at any moment', () => {
  /** Writes one image after the other until it is killed. */
  const PROGRAM = `
    const [destination, source, first, second] = process.argv.slice(2);
    const { parseDestination } = await import(source + '/src/oci/destinations/parse.ts');
    const { readFileSync } = await import('node:fs');
    const read = (file) => {
      const image = JSON.parse(readFileSync(file, 'utf8'));
      return { ...image, manifest: Buffer.from(image.manifest, 'base64'), config: Buffer.from(image.config, 'base64') };
    };
    const images = [read(first), read(second)];
    const context = { emit: () => {}, signal: new AbortController().signal };
    console.log('ready');
    for (let turn = 0; ; turn++) await (await parseDestination(destination)).write(images[turn % 2], ['a:1'], context);
  `;

  it.each(['oci', 'oci-archive', 'docker-archive', 'dir'])(
    '`%s:` is the old image or the new one',
    async (kind) => {
      const at = stage();
      const images = [];
      for (const word of ['one', 'two']) {
        const layers = [
          await layerOf(at, LAYERS[0]!),
          await layerOf(at, [{ path: `app/${word}`, body: Buffer.alloc(4_000_000, word) }]),
        ];
        images.push(imageOf(layers, { cmd: [word] }));
      }
      const files = images.map((image, index) => {
        const file = join(at.folder, `image${index}.json`);
        const bytes = (some: Uint8Array): string => Buffer.from(some).toString('base64');
        writeFileSync(
          file,
          JSON.stringify({ ...image, manifest: bytes(image.manifest), config: bytes(image.config) }),
        );
        return file;
      });
      const program = join(at.folder, 'program.mjs');
      writeFileSync(program, PROGRAM);
      const path = join(at.folder, 'out/put');
      const whole: string[] = [];
      for (const [index, image] of images.entries()) {
        await publish(at, image, `${kind}:${join(at.folder, `whole${index}`)}`, 'a:1');
        whole.push(stateOf(kind, join(at.folder, `whole${index}`)));
      }
      const loader = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;
      const source = join(import.meta.dirname, '../..');
      for (let round = 0; round < 8; round++) {
        const child = spawn(
          process.execPath,
          ['--import', loader, program, `${kind}:${path}`, source, ...files],
          {
            stdio: ['ignore', 'pipe', 'inherit'],
          },
        );
        await new Promise((resolve) => child.stdout.once('data', resolve));
        await new Promise((resolve) => setTimeout(resolve, (round * 37) % 90));
        const ended = new Promise((resolve) => child.once('exit', resolve));
        child.kill('SIGKILL');
        await ended;
        // A tree is mended by the next run's check.
        await (await parseDestination(`${kind}:${path}`)).check(at.context);
        if (existsSync(path)) expect(whole).toContain(stateOf(kind, path));
      }
      await publish(at, images[0]!, `${kind}:${path}`, 'a:1');
      expect(stateOf(kind, path)).toBe(whole[0]);
    },
  );

  /** What a reader sees: the blobs that are named, the tree, or the file. */
  function stateOf(kind: string, path: string): string {
    if (kind === 'dir') return JSON.stringify(treeOf(path));
    if (kind !== 'oci') return digestOf(readFileSync(path));
    const index = readFileSync(join(path, 'index.json'), 'utf8');
    const seen: string[] = [index];
    const visit = (digest: string): void => {
      const bytes = readFileSync(join(path, 'blobs/sha256', digest.slice(7)));
      expect(digestOf(bytes)).toBe(digest);
      seen.push(digest);
      if (bytes[0] !== 0x7b) return;
      const { config, layers = [] } = JSON.parse(bytes.toString()) as {
        config?: { digest?: string };
        layers?: { digest: string }[];
      };
      for (const next of [config?.digest, ...layers.map((layer) => layer.digest)])
        if (next !== undefined) visit(next);
    };
    for (const { digest } of (JSON.parse(index) as { manifests: { digest: string }[] }).manifests)
      visit(digest);
    return seen.join();
  }
});

describe.runIf(root && isThere('mount', '--version'))('a full disk', () => {
  it.each(['oci', 'oci-archive', 'docker-archive', 'dir'])('leaves `%s:` as it was', async (kind) => {
    const at = stage();
    const disk = join(at.folder, 'disk');
    mkdirSync(disk);
    run('mount', '-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', disk);
    try {
      const small = imageOf([await layerOf(at, [{ path: 'app/a', body: 'a' }])]);
      const noise = Buffer.from(Array.from({ length: 3 << 20 }, (_, at) => (at * at * 2654435761) >>> 13));
      const large = imageOf([await layerOf(at, [{ path: 'app/b', body: noise }], { compression: 'none' })]);
      const path = join(disk, 'out');
      expect(await failure(() => publish(at, large, `${kind}:${path}`, 'a:1'))).toBe('DISK_FULL');
      expect(readdirSync(disk)).toEqual([]);
      await publish(at, small, `${kind}:${path}`, 'a:1');
      const before = run('tar', '-C', disk, '--sort=name', '-cf', '-', '.');
      expect(await failure(() => publish(at, large, `${kind}:${path}`, 'a:1'))).toBe('DISK_FULL');
      const left = run('tar', '-C', disk, '--sort=name', '-cf', '-', '.');
      // The directories were written to and cleared: their times alone may differ.
      expect(left.length).toBe(before.length);
      await publish(at, small, `${kind}:${path}`, 'a:1');
    } finally {
      run('umount', disk);
    }
  });

  async function failure(work: () => Promise<void>): Promise<string> {
    return work().then(
      () => 'none',
      (error: unknown) => toBivyError(error).code,
    );
  }
});
