// `--progress=plain` of `docker build`: `#5 [2/4] RUN …`, `#5 0.12 output`, `#5 CACHED`, `#5 DONE 0.3s`, `#5 ERROR: …`.
// Source: moby/buildkit, util/progress/progressui/printer.go.

import { keepRemarks, type Progress, trackSteps, type Voice } from './progress.ts';

export function plainProgress(voice: Voice): Progress {
  const steps = trackSteps(voice);
  const remarks = keepRemarks(voice);
  const begun = new Set<string>();
  return {
    line(text) {
      const [, key, rest] = /^#(\d+) (.*)$/s.exec(text) ?? [];
      if (key === undefined || rest === undefined) return remarks.add(text);
      if (!begun.has(key)) {
        begun.add(key);
        return steps.begin(key, rest);
      }
      const done = /^DONE (\d+(?:\.\d+)?)s$/.exec(rest)?.[1];
      if (done !== undefined) return steps.end(key, 'done', Number(done));
      if (rest === 'CACHED') return steps.end(key, 'cached');
      if (rest === 'CANCELED') return steps.end(key, 'done');
      const error = /^ERROR:? (.*)$/s.exec(rest)?.[1];
      if (error !== undefined) return steps.end(key, 'failed', undefined, error);
      const output = /^\d+\.\d+ (.*)$/s.exec(rest)?.[1];
      // Not what a command printed: a digest, bytes transferred, a step that is said again.
      if (output !== undefined) steps.output(key, `${output}\n`);
    },
    failure() {
      const { failed } = steps;
      const line = remarks.line();
      const place = line === undefined ? {} : { line };
      return failed === undefined
        ? { output: [], reason: remarks.reason(), ...place }
        : { ...failed, ...place };
    },
  };
}
