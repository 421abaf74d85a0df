/** Targets that share labels, as a discovery mechanism yields them. */
export interface TargetGroup {
  /** Names the group within its job, for example `0` for the first static_config. */
  source: string;
  /** Label sets of the targets, at least `__address__` each. */
  targets: Record<string, string>[];
  labels: Record<string, string>;
}
