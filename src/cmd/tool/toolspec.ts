import type {EngineFeatures} from '../../promql/engine/engine.ts';
import {engineFeatures} from '../engine-features.ts';
import {readFeatures} from '../features.ts';
import type {FlagKind, FlagSpec, FlagValues} from '../flags.ts';
import type {Output} from './output.ts';

/** One of the tools: its name is the key under which it stands. */
export interface Tool {
  about: string;
  readonly flags: readonly FlagSpec[];
  /** Names of what stands without a flag; those in brackets may be left out, one with `...` at its end may come again. */
  args: string[];
  /** A second name of another tool. */
  readonly hidden?: boolean;
  /** Gives the exit code. */
  run: (flags: FlagValues, args: string[], output: Output, errors: Output) => Promise<number> | number;
}

export function flag(
  name: string,
  kind: FlagKind,
  initial: string,
  help: string,
  extra: Partial<FlagSpec> = {},
): FlagSpec {
  return {name, kind, initial, help, support: 'works', ...extra};
}

export const enableFeature = flag(
  'enable-feature',
  'texts',
  '',
  'Names of PromQL features, separated by commas.',
);

export const ignoreUnknownFields = flag(
  'ignore-unknown-fields',
  'switch',
  'false',
  'Skip fields of rule files that nobody knows; the server refuses them.',
);

export const serverFlags: readonly FlagSpec[] = [
  flag('http.config.file', 'text', '', 'File that says how to talk to the server: TLS, credentials, proxy.'),
  flag('url', 'text', 'http://localhost:9090', 'The server.'),
];

/** What PromQL is allowed. */
export function featuresOf(flags: FlagValues): EngineFeatures {
  return engineFeatures(readFeatures(flags.texts('enable-feature')).enabled);
}
