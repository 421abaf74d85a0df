export type RelabelAction =
  | 'replace'
  | 'keep'
  | 'drop'
  | 'keepequal'
  | 'dropequal'
  | 'hashmod'
  | 'labelmap'
  | 'labeldrop'
  | 'labelkeep'
  | 'lowercase'
  | 'uppercase';

/** One entry of relabel_configs, defaults filled in. Plain data: it travels between threads. */
export interface RelabelConfig {
  sourceLabels: string[];
  separator: string;
  /** Source text of the regular expression, without the anchors that Prometheus adds. */
  regex: string;
  modulus: number;
  targetLabel: string;
  replacement: string;
  action: RelabelAction;
  /** Labels of other names than the older ones are not set. */
  legacyNames?: boolean;
}
