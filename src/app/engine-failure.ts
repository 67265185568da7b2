// A build that failed, told with the step, what it printed, and the lines of the Dockerfile that ask for it.

import { lineOfStep } from '../dockerfile/bases.ts';
import type { Builder } from '../engines/builders/builder.ts';
import type { Failure } from '../engines/builders/progress.ts';
import { BivyError } from '../kernel/errors.ts';
import type { EngineDockerfile } from './engine-dockerfile.ts';

/** Lines of the Dockerfile that are shown. */
const SHOWN = 4;

export function buildFailure(
  { title }: Pick<Builder, 'title'>,
  failure: Failure,
  { text, shownAs }: Pick<EngineDockerfile, 'text' | 'shownAs'>,
): BivyError {
  const { step, output } = failure;
  const line = failure.line ?? (step === undefined ? undefined : lineOfStep(text, step));
  const reason = reasonOf(failure.reason);
  const message =
    step === undefined
      ? `\`${title}\` could not build ${spelled(shownAs)}`
      : `building ${spelled(shownAs)}: a step failed${reason === '' ? '' : `: ${reason}`}`;
  return new BivyError('BUILD_FAILED', message, {
    ...(line === undefined ? {} : { location: { file: shownAs, line } }),
    causes: [
      ...(step === undefined && reason !== '' ? [reason] : []),
      ...(line === undefined ? (step === undefined ? [] : [step.replace(/\s+/g, ' ')]) : excerpt(text, line)),
      ...output.map((printed) => `│ ${printed}`),
    ],
    hint: hintOf(failure, shownAs),
  });
}

/** The command is in the Dockerfile; what is new is how it ended. */
function reasonOf(reason: string): string {
  return reason
    .replace(
      /^(?:failed to solve: )?(?:process|executor failed running) .*? ?(?:did not complete successfully)?: (?=exit code)/s,
      '',
    )
    .replace(/^while running runtime: (?=exit status)/, '');
}

/** The instruction with its continued lines, as they stand. */
function excerpt(text: string, line: number): string[] {
  const lines = text.split(/\r?\n/).slice(line - 1, line - 1 + SHOWN);
  const end = lines.findIndex((one) => !/\\\s*$/.test(one));
  return lines
    .slice(0, end < 0 ? SHOWN : end + 1)
    .map((one, index) => `${String(line + index).padStart(4)} | ${one}`);
}

function spelled(shownAs: string): string {
  return shownAs.startsWith('the ') ? shownAs : `\`${shownAs}\``;
}

function hintOf({ reason, step }: Failure, shownAs: string): string {
  if (
    /(?:failed to resolve|failed to do request|pull access denied|failed to authorize|i\/o timeout|dial tcp|no such host)/i.test(
      `${reason} ${step ?? ''}`,
    )
  ) {
    return 'where a base cannot be pulled, take others: `--base` and `--builder-base`, for example of `oci:DIR`';
  }
  return shownAs.startsWith('the ')
    ? '`bivy dockerfile --explain` says why each line is there; `--verbose` shows all that the build printed'
    : '`--verbose` shows all that the build printed; `bivy lint` may know why';
}
