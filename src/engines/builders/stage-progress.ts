// What `podman build` and `buildah build` print: `STEP 2/5: RUN …` (`[1/2] STEP 2/5: …` where there are several stages),
// the commands' own lines, `--> Using cache …`, `Error: building at STEP "RUN …": …`. Source: containers/buildah, imagebuildah.

import { keepRemarks, type Progress, trackSteps, type Voice } from './progress.ts';

/** @param now seconds, from any moment: these programs do not say how long a step took */
export function stageProgress(voice: Voice, now: () => number): Progress {
  const steps = trackSteps(voice);
  const remarks = keepRemarks(voice);
  let current: { readonly key: string; readonly since: number } | undefined;
  let count = 0;

  function end(how: 'done' | 'cached' | 'failed', reason?: string): void {
    if (current === undefined) return;
    const seconds = Math.max(0, now() - current.since);
    steps.end(current.key, how, how === 'done' ? seconds : undefined, reason);
    current = undefined;
  }
  return {
    line(text) {
      if (/^(?:\[\d+\/\d+\] )?STEP \d+(?:\/\d+)?: /.test(text)) {
        end('done');
        count += 1;
        current = { key: String(count), since: now() };
        return steps.begin(current.key, text);
      }
      if (/^--> Using cache /.test(text)) return end('cached');
      if (/^(?:--> [0-9a-f]{11,64}|(?:\[\d+\/\d+\] )?COMMIT\b.*)$/.test(text)) return end('done');
      const error = /^Error: (.*)$/is.exec(text)?.[1];
      if (error !== undefined) {
        remarks.add(text);
        return end('failed', error.replace(/^(?:error )?building at STEP ".*": /s, ''));
      }
      if (current === undefined) remarks.add(text);
      else steps.output(current.key, `${text}\n`);
    },
    failure: () => steps.failed ?? { output: [], reason: remarks.reason() },
  };
}
