import {AlertingRule} from './alertingrule.ts';
import {RecordingRule} from './recordingrule.ts';
import type {RuleConfig} from './rulegroup-config.ts';
import type {RuleOptions} from './rulestate.ts';

export type Rule = AlertingRule | RecordingRule;

export function createRule(config: RuleConfig, options: RuleOptions): Rule {
  return config.alert === '' ? new RecordingRule(config, options.parse) : new AlertingRule(config, options);
}
