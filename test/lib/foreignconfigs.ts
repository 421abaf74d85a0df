import {existsSync, globSync, readFileSync} from 'node:fs';
import {join} from 'node:path';

/** Where configurations of others are kept, beside the repository. */
export const foreignFolder = join(import.meta.dirname, '../../../shared/configs');

/** The configurations of others that Prometheus reads; none where there is no such folder. Paths are below the folder. */
export function foreignConfigs(): {path: string; text: string}[] {
  if (!existsSync(foreignFolder)) return [];
  return (
    globSync('**/*.{yml,yaml}', {cwd: foreignFolder})
      .sort()
      .map((path) => ({path, text: readFileSync(join(foreignFolder, path), 'utf8')}))
      // Others are manifests (some of which contain one), dashboards and rules; files of web servers and clients have fields of their own.
      .filter(({text}) => /^(?:scrape_configs|otlp|scrape_config_files):/m.test(text))
      .filter(({text}) => !/^apiVersion:/m.test(text))
  );
}
