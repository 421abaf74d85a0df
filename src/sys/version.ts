import {readFileSync} from 'node:fs';

/** What --version, /api/v1/status/buildinfo and the User-Agent say of the program. */
export interface BuildInfo {
  version: string;
  revision: string;
  branch: string;
  buildUser: string;
  buildDate: string;
  /** The runtime, where Prometheus has Go's version. */
  goVersion: string;
}

let cached: BuildInfo | null = null;

/** Reads package.json once. A release sets the rest in the environment of its build. */
export function buildInfo(): BuildInfo {
  if (cached === null) {
    const file = new URL('../../package.json', import.meta.url);
    const {version} = JSON.parse(readFileSync(file, 'utf8')) as {version: string};
    cached = {
      version,
      revision: process.env['NARTHEX_REVISION'] ?? 'unknown',
      branch: process.env['NARTHEX_BRANCH'] ?? 'unknown',
      buildUser: process.env['NARTHEX_BUILD_USER'] ?? 'unknown',
      buildDate: process.env['NARTHEX_BUILD_DATE'] ?? 'unknown',
      goVersion: `node${process.versions.node}`,
    };
  }
  return cached;
}

/** The text of --version, line for line as Prometheus prints its own, so that scripts that cut it up go on working. */
export function formatVersion(program: string, info: BuildInfo = buildInfo()): string {
  return `${program}, version ${info.version} (branch: ${info.branch}, revision: ${info.revision})
  build user:       ${info.buildUser}
  build date:       ${info.buildDate}
  node version:     ${process.versions.node}
  platform:         ${process.platform}/${process.arch === 'x64' ? 'amd64' : process.arch}
`;
}
