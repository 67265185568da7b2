// Writes the URL of every module that the program loads to the file that `MODULE_LIST` names: `node --import` it.

import { appendFileSync } from 'node:fs';
import { register } from 'node:module';
import { isMainThread } from 'node:worker_threads';

if (isMainThread) register(import.meta.url);

export async function load(url, context, next) {
  appendFileSync(process.env.MODULE_LIST, `${url}\n`);
  return next(url, context);
}
