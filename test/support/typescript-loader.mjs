// Lets a worker thread run the sources: `node --import` it.

import { register } from 'tsx/esm/api';

register();
