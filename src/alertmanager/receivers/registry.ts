// The kinds of receivers, in the order in which a configuration shows them.
import type {IntegrationKind} from '../integration.ts';
import {discord} from './discord.ts';
import {email} from './email.ts';
import {incidentio} from './incidentio.ts';
import {jira} from './jira.ts';
import {mattermost} from './mattermost.ts';
import {msteams, msteamsV2} from './msteams.ts';
import {opsgenie} from './opsgenie.ts';
import {pagerduty} from './pagerduty.ts';
import {pushover} from './pushover.ts';
import {rocketchat} from './rocketchat.ts';
import {slack} from './slack.ts';
import {sns} from './sns.ts';
import {telegram} from './telegram.ts';
import {victorops} from './victorops.ts';
import {webex} from './webex.ts';
import {webhook} from './webhook.ts';
import {wechat} from './wechat.ts';

export const integrationKinds: readonly IntegrationKind[] = [
  discord,
  email,
  incidentio,
  pagerduty,
  slack,
  webhook,
  opsgenie,
  wechat,
  pushover,
  victorops,
  sns,
  telegram,
  webex,
  msteams,
  msteamsV2,
  jira,
  rocketchat,
  mattermost,
];
