// Loads the kernels over a shared memory again and again, for the test that looks at what other threads see meanwhile.
import {parentPort, workerData} from 'node:worker_threads';
import {loadKernels} from './kernels.ts';
import {LinearMemory} from './memory.ts';

const {memory, times} = workerData as {memory: WebAssembly.Memory; times: number};
const linear = new LinearMemory(memory);
for (let i = 0; i < times; i++) loadKernels(linear);
parentPort!.postMessage('done');
