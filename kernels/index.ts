// Everything that TypeScript can call. Each kernel has a plain TypeScript twin in src/kernels that its test compares it with.
export {sumBytes} from './probe';
export {crc32c} from './crc32c';
export {encodeSamples} from './walsamples';
