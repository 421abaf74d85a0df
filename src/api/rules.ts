// /rules, /alerts and /alertmanagers: well-formed and empty while there are no rules, so that dashboards do not break.

import {quoteGo} from '../base/quote.ts';
import type {HttpReply} from '../http/reply.ts';
import type {HttpCall} from '../http/server.ts';
import {invalidParameter, success} from './envelope.ts';
import {parseInteger} from './parameters.ts';

const booleans = new Set(['1', 't', 'true', '0', 'f', 'false']);

export function rules({form}: HttpCall): HttpReply {
  const type = form.get('type').toLowerCase();
  if (!['', 'alert', 'record'].includes(type)) {
    throw invalidParameter('type', `not supported value ${quoteGo(type)}`);
  }
  const excludeAlerts = form.get('exclude_alerts').toLowerCase();
  if (excludeAlerts !== '' && !booleans.has(excludeAlerts)) {
    const reason = `strconv.ParseBool: parsing ${quoteGo(excludeAlerts)}: invalid syntax`;
    throw invalidParameter('exclude_alerts', `error converting exclude_alerts: ${reason}`);
  }
  checkPages(form.get('group_limit'), form.get('group_next_token'));
  return success({groups: []});
}

function checkPages(limit: string, token: string): void {
  if (limit === '') {
    if (token === '') return;
    const reason = 'group_limit needs to be present in order to paginate over the groups';
    throw invalidParameter('group_next_token', reason);
  }
  let groupsMax = 0;
  try {
    groupsMax = parseInteger(limit);
  } catch (cause) {
    const reason = (cause as Error).message.replace('Atoi', 'ParseInt');
    throw invalidParameter('group_limit', `group_limit needs to be a valid number: ${reason}`);
  }
  if (groupsMax <= 0) throw invalidParameter('group_limit', 'group_limit needs to be greater than 0');
  if (token !== '') {
    const reason = `invalid group_next_token '${token}'. were rule groups changed?`;
    throw invalidParameter('group_next_token', reason);
  }
}

export function alerts(): HttpReply {
  return success({alerts: []});
}

export function alertmanagers(): HttpReply {
  return success({activeAlertmanagers: [], droppedAlertmanagers: []});
}
