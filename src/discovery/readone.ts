import type {YamlMap} from '../base/yaml-write.ts';
import type {DiscoveryConfig} from './config.ts';

/** An entry of some `*_sd_configs` that was read. */
export interface ReadOne {
  config: DiscoveryConfig;
  /** Its lines, secrets hidden. */
  document: YamlMap;
}
