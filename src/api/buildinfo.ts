import type {BuildInfo} from '../sys/version.ts';

/** The Prometheus whose API this one is. Clients read the version to learn what they may ask for. */
export const compatibleVersion = '3.14.0';

/**
 * What /status/buildinfo, /version and prometheus_build_info say. Grafana, Thanos and others compare the version as a
 * semantic one, so it is Prometheus's, and what really runs stands where they do not look: in the build metadata.
 */
export function apiBuildInfo(info: BuildInfo): BuildInfo {
  return {
    version: `${compatibleVersion}+narthex.${info.version}`,
    revision: info.revision,
    branch: info.branch,
    buildUser: info.buildUser,
    buildDate: info.buildDate,
    goVersion: info.goVersion,
  };
}
