// `--progress=rawjson` of buildctl and buildx (0.13 and newer): a line of JSON for each change, `client.SolveStatus` of
// moby/buildkit; what is no JSON is what the program says itself.

import { isTable } from '../../kernel/decode.ts';
import { keepRemarks, type Progress, trackSteps, type Voice } from './progress.ts';

export function solveProgress(voice: Voice): Progress {
  const steps = trackSteps(voice);
  const remarks = keepRemarks(voice);
  return {
    line(text) {
      const status = text.startsWith('{') ? parse(text) : undefined;
      if (status === undefined) return remarks.add(text);
      for (const vertex of tablesOf(status['vertexes'])) {
        const { digest, name, started, completed, cached, error } = vertex;
        if (typeof digest !== 'string' || typeof name !== 'string' || started === undefined) continue;
        steps.begin(digest, name);
        if (completed === undefined) continue;
        if (typeof error === 'string' && error !== '') steps.end(digest, 'failed', undefined, error);
        else steps.end(digest, cached === true ? 'cached' : 'done', secondsBetween(started, completed));
      }
      for (const { vertex, data } of tablesOf(status['logs'])) {
        if (typeof vertex !== 'string' || typeof data !== 'string') continue;
        steps.output(vertex, Buffer.from(data, 'base64').toString('utf8'));
      }
      for (const { short } of tablesOf(status['warnings'])) {
        if (typeof short !== 'string') continue;
        const message = Buffer.from(short, 'base64').toString('utf8').slice(0, 300);
        voice.emit({ type: 'note', message: `BuildKit: ${voice.redact(message)}` });
      }
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

function parse(text: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return isTable(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function tablesOf(value: unknown): readonly Record<string, unknown>[] {
  return Array.isArray(value) ? value.filter(isTable) : [];
}

function secondsBetween(started: unknown, completed: unknown): number {
  const milliseconds = Date.parse(String(completed)) - Date.parse(String(started));
  return Number.isFinite(milliseconds) ? Math.max(0, milliseconds / 1000) : 0;
}
