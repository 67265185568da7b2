// Passwords and tokens that stay in layers, in the history or in the environment of an image. What they say is never told.

import type { Call } from '../../reading/calls.ts';
import { readPoetryCall } from '../../reading/installs.ts';
import { readMounts } from '../../reading/mounts.ts';
import type { Reading } from '../../reading/reading.ts';
import { expand, type Step } from '../../reading/steps.ts';
import type { Instruction, Pair } from '../../syntax/ast.ts';
import { mountFields } from '../../syntax/mounts.ts';
import { offer } from '../judgements/edits.ts';
import type { Observation, Rule } from '../rule.ts';
import { viewOf } from '../view.ts';

const MOUNT = '`RUN --mount=type=secret,id=…,env=…` gives it to one command and leaves nothing';

export const SECRET_VARIABLE: Rule = {
  id: 'BV501',
  technique: null,
  severity: 'warning',
  title: 'credentials of package sources are no ARG and no ENV',
  fixes: [],
  *check({ reading, graph }) {
    const { text: file } = graph.dockerfile;
    const steps = reading.stages.flatMap((stage) => stage.steps);
    for (const { instruction, variables } of steps) {
      for (const pair of pairsOf(instruction)) {
        if (!TELLING.test(pair.name)) continue;
        const text = expand(pair.value?.raw ?? '', variables, graph.dockerfile.escape);
        yield* secretIn(pair, text, instruction.keyword, file);
      }
    }
    for (const instruction of reading.graph.globals) {
      for (const pair of pairsOf(instruction)) yield* secretIn(pair, pair.value?.value ?? '', 'ARG', file);
    }
  },
};

/** Names that `secretIn` looks at. */
const TELLING = /^POETRY_|INDEX|FIND_LINKS|_URL$|REPOSITOR/;

function pairsOf({ keyword, pairs }: Instruction): readonly Pair[] {
  return keyword === 'ENV' || keyword === 'ARG' ? pairs : [];
}

function* secretIn(
  { name, value, span }: Pair,
  text: string,
  keyword: string,
  file: string,
): Iterable<Observation> {
  const where = keyword === 'ENV' ? 'in the environment of every container' : 'in the history of the image';
  if (/^POETRY_(?:HTTP_BASIC_\w+_PASSWORD|PYPI_TOKEN_\w+)$/.test(name)) {
    if (keyword === 'ENV' && value?.value === '') return;
    // Of a template, what is to be put into the name is told as it stands there.
    yield {
      message: `\`${file.slice(span.start, span.start + name.length)}\` stands ${where}: ${MOUNT}`,
      span,
    };
  } else if (/INDEX|FIND_LINKS|_URL$|REPOSITOR/.test(name) && hasCredentials(text)) {
    yield { message: `the address in \`${name}\` holds credentials, which stand ${where}: ${MOUNT}`, span };
  }
}

/** `https://user:password@host`, `https://$TOKEN@host`; `ssh://git@host` has none, nor has `https://user@host`. */
function hasCredentials(text: string): boolean {
  return /\bhttps?:\/\/(?:[^/\s@:]*:[^/\s@]+|[^/\s@:]*\0[^/\s@:]*|[^/\s@:]{20,})@/.test(text);
}

export const STORED_CREDENTIALS: Rule = {
  id: 'BV502',
  technique: null,
  severity: 'warning',
  title: '`poetry config` stores no credentials in a layer',
  fixes: [],
  *check({ reading }) {
    for (const { calls } of reading.contributors) {
      for (const call of calls) {
        const poetry = readPoetryCall(call);
        const key = poetry?.args.rest[0];
        if (poetry?.verb.pattern !== 'config' || key === undefined) continue;
        if (
          !/^(?:http-basic|pypi-token)\./.test(key.pattern) ||
          poetry.args.rest.length + poetry.args.unknown.length < 2
        )
          continue;
        if (isForgotten(call, calls) || (hasSecret(call.step) && !isShipped(reading, call))) continue;
        const message =
          '`poetry config` writes the credentials into `auth.toml`, which stays in this layer: give `POETRY_HTTP_BASIC_…` to the install by a secret mount';
        yield { message, span: poetry.verb.span };
      }
    }
  },
};

function isShipped({ lineage }: Reading, call: Call): boolean {
  return lineage.some(({ calls }) => calls.includes(call));
}

function hasSecret({ instruction }: Step): boolean {
  return readMounts(instruction).some(({ type }) => type === 'secret' || type === 'ssh');
}

/** The same RUN removes the file, or the setting. */
function isForgotten(call: Call, calls: readonly Call[]): boolean {
  return (
    hasSecret(call.step) &&
    calls.some(
      ({ step, index, args, program }) =>
        step === call.step &&
        index > call.index &&
        ((program === 'rm' && args.some(({ pattern }) => /auth\.toml|pypoetry/.test(pattern))) ||
          (program === 'poetry' && args.some(({ pattern }) => pattern === '--unset'))),
    )
  );
}

const KEYS =
  /^(?:\.netrc|_netrc|\.pypirc|auth\.toml|\.git-credentials|id_rsa|id_ed25519|id_ecdsa|\.ssh|\.pgpass|\.docker|\.aws)$/;
const ENVIRONMENT = /^\.env(?:\.(?!example|sample|template|dist|defaults?|test)\w+)?$/;

export const COPIED_SECRETS: Rule = {
  id: 'BV503',
  technique: null,
  severity: 'warning',
  title: 'files with credentials are mounted, not copied',
  fixes: [],
  *check({ reading }) {
    for (const stage of reading.contributors) {
      for (const { sources, mounted } of stage.copies) {
        if (mounted) continue;
        for (const { path, span } of sources) {
          const name = path?.split('/').at(-1) ?? '';
          const ships = reading.lineage.includes(stage);
          if (!KEYS.test(name) && !(ships && ENVIRONMENT.test(name))) continue;
          const where = ships
            ? 'ships with the image'
            : 'stays in a layer of the builder, and in the cache that is exported';
          yield {
            message: `\`${path}\` ${where}: mount it with \`RUN --mount=type=secret\` where it is needed`,
            span,
          };
        }
      }
    }
  },
};

export const CREDENTIALS_IN_ADDRESS: Rule = {
  id: 'BV504',
  technique: null,
  severity: 'warning',
  title: 'no command is given an address with credentials',
  fixes: [],
  *check({ reading }) {
    for (const { calls } of reading.contributors) {
      for (const call of calls) {
        const found = call.args.find(({ pattern }) => hasCredentials(pattern));
        if (found === undefined || call.chance === 'never') continue;
        const stored =
          /^(?:git|poetry|pip)$/.test(call.program) &&
          call.args.some(({ pattern }) => /^(?:config|source)$/.test(pattern));
        if (hasSecret(call.step) && !(stored && isShipped(reading, call))) continue;
        const message = stored
          ? `this address holds credentials, and \`${call.program} ${call.args[0]?.pattern}\` stores it in the layer`
          : 'this address holds credentials, which the history of the image and the log of the build show: take them from a secret mount, or a `.netrc` mounted as one';
        yield { message, span: found.span };
      }
    }
  },
};

export const OPTIONAL_SECRET: Rule = {
  id: 'BV505',
  technique: null,
  severity: 'info',
  title: 'a build without its secret fails where it is missing',
  fixes: ['unsafe'],
  *check(input) {
    const view = viewOf(input);
    for (const { steps } of input.reading.contributors) {
      for (const { instruction } of steps) {
        if (instruction.keyword !== 'RUN') continue;
        for (const flag of instruction.flags) {
          const fields = flag.name === 'mount' ? mountFields(flag) : undefined;
          if (fields === undefined || flag.value === undefined) continue;
          if (!fields.some(({ key, value }) => key === 'type' && value === 'secret')) continue;
          if (fields.some(({ key }) => key === 'required')) continue;
          const { start, end } = flag.valueSpan;
          const plain = end - start === flag.value.length && !/["'$]/.test(flag.value);
          const edits = plain ? [{ span: { start: end, end }, text: ',required=true' }] : undefined;
          const message =
            'without `required=true` a build that is not given this secret goes on without it, and fails later or differs';
          yield { message, span: flag.valueSpan, ...offer(view, 'say `required=true`', 'unsafe', edits) };
        }
      }
    }
  },
};

const OFF = /^(?:0|false|no|off)$/i;

export const UNVERIFIED_SOURCE: Rule = {
  id: 'BV506',
  technique: null,
  severity: 'warning',
  title: 'certificates of package sources are verified',
  fixes: [],
  *check({ reading }) {
    for (const { calls, steps } of reading.contributors) {
      for (const call of calls) {
        const word = unverified(call);
        if (word !== undefined && call.chance !== 'never')
          yield {
            message: `\`${word.pattern}\` lets anybody on the way answer for the server: install the authority's certificate instead`,
            span: word.span,
          };
      }
      for (const { instruction } of steps) {
        for (const { name, value, span } of pairsOf(instruction)) {
          const text = value?.value ?? '';
          const off =
            (/^POETRY_CERTIFICATES_\w+_CERT$|^PYTHONHTTPSVERIFY$/.test(name) && OFF.test(text)) ||
            (name === 'GIT_SSL_NO_VERIFY' && text !== '' && !OFF.test(text)) ||
            (name === 'PIP_TRUSTED_HOST' && text !== '');
          if (off)
            yield {
              message: `\`${name}\` lets anybody on the way answer for the server: install the authority's certificate instead`,
              span,
            };
        }
      }
    }
  },
};

function unverified({ program, args }: Call): Call['args'][number] | undefined {
  const words = args.map(({ pattern }) => pattern);
  if (program === 'pip') return args.find(({ pattern }) => /^--trusted-host(?:=|$)/.test(pattern));
  if (program === 'poetry') {
    const at = words.findIndex((word) => /^certificates\.[^.]+\.cert$/.test(word));
    return at >= 0 && OFF.test(words[at + 1] ?? '') ? args[at] : undefined;
  }
  if (program === 'git') {
    const at = words.findIndex((word) => /^http\.(?:.*\.)?sslverify$/i.test(word));
    return at >= 0 && OFF.test(words[at + 1] ?? '')
      ? args[at]
      : args.find(({ pattern }) => /^http\.sslverify=(?:0|false)$/i.test(pattern));
  }
  if (program === 'curl')
    return args.find(({ pattern }) => /^(?:--insecure|-[a-zA-Z]*k[a-zA-Z]*)$/.test(pattern));
  return program === 'wget' ? args.find(({ pattern }) => pattern === '--no-check-certificate') : undefined;
}
