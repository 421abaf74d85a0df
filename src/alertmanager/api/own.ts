// What Alertmanager has not: why an alert is silent, and the history of notifications.
import type {HttpReply} from '../../http/reply.ts';
import type {HttpCall} from '../../http/server.ts';
import {labelsOf} from '../../model/labels.ts';
import type {Alertmanager} from '../alertmanager.ts';
import {explain} from '../explain.ts';
import {matchesAll} from '../matchers.ts';
import {formatMs} from '../timestamp.ts';
import {changeOf, whyOf} from '../verdict.ts';
import {recordOf} from './models.ts';
import {ApiProblem, jsonReply} from './problem.ts';

const limitDefault = 100;
const limitMax = 10_000;

/** GET /explain?label=name=value&label=…: one value for each route that such an alert takes. */
export function explainAlert(alertmanager: Alertmanager, call: HttpCall): HttpReply {
  const pairs = call.form.all('label').map((text) => readPair(alertmanager, text));
  const labels = labelsOf(pairs);
  if (labels.length === 0) throw new ApiProblem(400, 'no labels: give at least one, as label=name=value');
  const {fingerprint, isKnown, routes} = explain(alertmanager, labels);
  return jsonReply({
    labels: recordOf(labels),
    fingerprint,
    known: isKnown,
    routes: routes.map(({verdict, nextAtMs, ...rest}) => {
      const {step, ...facts} = verdict;
      const next = nextAtMs === null ? null : formatMs(nextAtMs);
      return {...rest, step, why: whyOf(verdict), change: changeOf(verdict), facts, next};
    }),
  });
}

function readPair({options}: Alertmanager, text: string): [string, string] {
  try {
    const {type, name, value} = options.parser.matcher(text, 'api');
    if (type === '=') return [name, value];
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new ApiProblem(400, error.message);
  }
  throw new ApiProblem(400, `labels are written name=value, not ${text}`);
}

/** GET /notifications?receiver=&integration=&failed=&filter=&before=&limit=: the newest first. */
export function listNotifications(alertmanager: Alertmanager, call: HttpCall): HttpReply {
  const {form} = call;
  const [receiver, integration, failed] = [form.get('receiver'), form.get('integration'), form.get('failed')];
  const before = form.get('before') === '' ? Infinity : Date.parse(form.get('before'));
  if (Number.isNaN(before)) throw new ApiProblem(400, `before is no time: ${form.get('before')}`);
  const limit = form.get('limit') === '' ? limitDefault : Number(form.get('limit'));
  if (!(Number.isInteger(limit) && limit > 0 && limit <= limitMax))
    throw new ApiProblem(400, `limit is a number from 1 to ${limitMax}, not ${form.get('limit')}`);
  const matchers = form.all('filter').map((text) => readMatcher(alertmanager, text));
  const found = alertmanager.history.query(
    (entry) =>
      entry.timeMs < before &&
      (receiver === '' || entry.receiver === receiver) &&
      (integration === '' || entry.integration === integration) &&
      (failed === '' || (entry.error !== '') === (failed === 'true')) &&
      matchesAll(matchers, entry.groupLabels),
    limit,
  );
  return jsonReply(
    found.map(({timeMs, groupLabels, ...rest}) => ({
      time: formatMs(timeMs),
      groupLabels: recordOf(groupLabels),
      ...rest,
    })),
  );
}

function readMatcher({options}: Alertmanager, text: string): ReturnType<typeof options.parser.matcher> {
  try {
    return options.parser.matcher(text, 'api');
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new ApiProblem(400, error.message);
  }
}
