// The entry of a worker thread: a job in, a reply out, one at a time.

import { parentPort } from 'node:worker_threads';
import { type LayerJob, type LayerReply, packError } from '../layers/job.ts';
import { runLayerJob } from './layer-job.ts';

async function answer(job: LayerJob): Promise<void> {
  let reply: LayerReply;
  try {
    reply = { ok: true, result: await runLayerJob(job) };
  } catch (error) {
    reply = packError(error);
  }
  parentPort?.postMessage(reply);
}

parentPort?.on('message', (job: LayerJob) => void answer(job));
