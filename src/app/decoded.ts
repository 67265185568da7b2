// The two files of the project as values, decoded when a stage needs them and then once.

import type { Emit } from '../kernel/events.ts';
import { formatOf } from '../layers/layout.ts';
import type { Lock } from '../lock/lock.ts';
import type { Pins } from '../project/pins.ts';
import type { Project } from '../project/project.ts';
import type { Settings } from '../project/settings.ts';
import { type Inputs, UNRELATED } from './inputs.ts';

export interface Decoded {
  readonly project: Project;
  readonly settings: Settings;
  readonly lock: () => Promise<Lock>;
}

/** @throws BivyError `TOML_SYNTAX`, `PROJECT_INVALID`, `CONFIG_INVALID`, `CONFIG_UNKNOWN_KEY`; of the lock, when it is asked for */
export async function decodeInputs(inputs: Inputs): Promise<Decoded> {
  const [{ decodePyproject }, { resolveSettings }] = await Promise.all([
    import('../project/pyproject.ts'),
    import('../project/settings.ts'),
  ]);
  const project = decodePyproject(inputs.pyproject, 'pyproject.toml');
  const settings = resolveSettings({
    flags: inputs.flags,
    environment: inputs.environment,
    table: project.settings,
    file: project.file,
    lineOf: project.lineOf,
  });
  let lock: Promise<Lock> | undefined;
  return {
    project,
    settings,
    lock: () => {
      lock ??= import('../lock/poetry-lock.ts').then(({ decodeLock }) =>
        decodeLock(inputs.lock, 'poetry.lock'),
      );
      return lock;
    },
  };
}

/** Says what the user wrote and nothing heeds. */
export async function warnOfIgnored({ settings }: Decoded, inputs: Inputs, emit: Emit): Promise<void> {
  const beside = [
    ...(settings.with.length > 0 ? ['`with`'] : []),
    ...(settings.without.length > 0 ? ['`without`'] : []),
  ];
  if (settings.only.length > 0 && beside.length > 0) {
    emit({
      type: 'warning',
      message: `${beside.join(' and ')} ${beside.length === 1 ? 'counts' : 'count'} for nothing beside \`only\`, as in Poetry`,
    });
  }
  const { misspeltVariables } = await import('../project/settings.ts');
  for (const [written, meant] of misspeltVariables(inputs.environment, UNRELATED)) {
    emit({
      type: 'warning',
      message: `nothing reads the environment variable \`${written}\``,
      hint: `did you mean \`${meant}\`?`,
    });
  }
}

/** Runs `make` at the first call, and gives the same answer ever after. */
export function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => {
    made ??= make();
    return made;
  };
}

/** What `bivy.lock` says, where there is one. @throws BivyError `PINS_INVALID`, `PINS_DISAGREE` where another bivy wrote it */
export async function openPins(
  { pins: text }: Pick<Inputs, 'pins'>,
  { compression }: Pick<Settings, 'compression'>,
): Promise<Pins | undefined> {
  if (text === undefined) return undefined;
  const [{ decodePins }, { checkFormat }] = await Promise.all([
    import('../project/pins-decode.ts'),
    import('../project/pins-check.ts'),
  ]);
  const pins = decodePins(text);
  checkFormat(pins, formatOf(compression));
  return pins;
}
