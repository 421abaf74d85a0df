import {readFileSync} from 'node:fs';
import {userInfo} from 'node:os';
import {parseGoDuration} from '../../../alertmanager/receivers/go-duration.ts';
import type {Matcher} from '../../../model/matcher.ts';
import type {FlagValues} from '../../flags.ts';
import {readTextFile} from '../../textfile.ts';
import type {Output} from '../output.ts';
import {type AlertmanagerClient, ApiError, type ApiMatcher, type ApiSilence, withClient} from './client.ts';
import {printSilences} from './format.ts';
import {matcherParserOf, matchersOf, pairsOf, withAlertname} from './matchers.ts';
import {checkOrder, endAfter, timeOfFlag} from './times.ts';

/** `silence query`: gives the exit code. */
export async function querySilences(
  flags: FlagValues,
  args: readonly string[],
  output: Output,
): Promise<number> {
  const filters = withAlertname(args, matcherParserOf(flags));
  const query = filters.map((each) => ['filter', each] as const);
  const found = await withClient(flags, (client) => client.ask<ApiSilence[]>('/silences', {query}));
  const silences = found.filter(wantedBy(flags, Date.now()));
  print(silences, flags, output);
  return 0;
}

function wantedBy(flags: FlagValues, now: number): (silence: ApiSilence) => boolean {
  const isExpired = flags.switch('expired');
  const within = flags.text('within');
  const withinMs = within === '' ? 0 : parseGoDuration(within);
  const [author, id] = [flags.text('created-by'), flags.text('id')];
  return (silence) => {
    const end = Date.parse(silence.endsAt);
    if (isExpired ? end > now : end < now) return false;
    if (withinMs > 0 && (isExpired ? end < now - withinMs : end > now + withinMs)) return false;
    return (author === '' || silence.createdBy === author) && (id === '' || silence.id === id);
  };
}

function print(silences: readonly ApiSilence[], flags: FlagValues, output: Output): void {
  if (flags.switch('quiet')) for (const {id} of silences) output.write(`${id}\n`);
  else printSilences(silences, flags, output);
}

/** `silence add`: gives the exit code. */
export async function addSilence(
  flags: FlagValues,
  args: readonly string[],
  output: Output,
): Promise<number> {
  const parser = matcherParserOf(flags);
  const matchers = matchersOf(withAlertname(args, parser), parser);
  if (matchers.length === 0) throw new SyntaxError('no matchers specified');
  const startsAt = timeOfFlag(flags, 'start') ?? new Date().toISOString();
  const endsAt = timeOfFlag(flags, 'end') ?? endAfter(startsAt, flags.text('duration'));
  checkOrder(startsAt, endsAt);
  const comment = flags.text('comment');
  if (flags.switch('require-comment') && comment === '') throw new SyntaxError('comment required by config');
  const annotations = pairsOf(
    flags.texts('annotation'),
    parser,
    'annotations must be specified as key=value pairs',
  );
  const silence = {
    matchers: matchers.map(apiMatcherOf),
    startsAt,
    endsAt,
    createdBy: flags.text('author') || userInfo().username,
    comment,
    ...(Object.keys(annotations).length > 0 && {annotations}),
  };
  const id = await withClient(flags, (client) => post(client, silence));
  output.write(`${id}\n`);
  return 0;
}

function apiMatcherOf({type, name, value}: Matcher): ApiMatcher {
  return {name, value, isRegex: type.includes('~'), isEqual: !type.startsWith('!')};
}

async function post(client: AlertmanagerClient, body: object): Promise<string> {
  const {silenceID} = await client.ask<{silenceID: string}>('/silences', {method: 'POST', body});
  return silenceID;
}

/** `silence expire`: gives the exit code. */
export async function expireSilences(flags: FlagValues, ids: readonly string[]): Promise<number> {
  if (ids.length === 0) throw new SyntaxError('no silence IDs specified');
  await withClient(flags, async (client) => {
    for (const id of ids) await client.ask(`/silence/${encodeURIComponent(id)}`, {method: 'DELETE'});
  });
  return 0;
}

/** `silence update`: gives the exit code. */
export async function updateSilences(
  flags: FlagValues,
  ids: readonly string[],
  output: Output,
): Promise<number> {
  if (ids.length === 0) throw new SyntaxError('no silence IDs specified');
  const updated = await withClient(flags, async (client) => {
    const silences: ApiSilence[] = [];
    for (const id of ids) {
      const silence = await client.ask<ApiSilence>(`/silence/${encodeURIComponent(id)}`);
      change(silence, flags);
      const {status: _status, updatedAt: _updatedAt, ...body} = silence;
      silence.id = await post(client, body);
      silences.push(silence);
    }
    return silences;
  });
  print(updated, flags, output);
  return 0;
}

function change(silence: ApiSilence, flags: FlagValues): void {
  silence.startsAt = timeOfFlag(flags, 'start') ?? silence.startsAt;
  const end = timeOfFlag(flags, 'end');
  const duration = flags.text('duration');
  if (end !== null) silence.endsAt = end;
  else if (duration !== '') silence.endsAt = endAfter(silence.startsAt, duration);
  checkOrder(silence.startsAt, silence.endsAt);
  silence.comment = flags.text('comment') || silence.comment;
}

const standardInput = 0;

/** `silence import`: gives the exit code. Throws where some could not be added. */
export async function importSilences(
  flags: FlagValues,
  [file]: readonly string[],
  {output, errors}: {output: Output; errors: Output},
): Promise<number> {
  const silences = readSilences(
    file === undefined ? readFileSync(standardInput, 'utf8') : readTextFile(file),
  );
  let failed = 0;
  let next = 0;
  await withClient(flags, async (client) => {
    const work = async (): Promise<void> => {
      for (let silence = silences[next++]; silence !== undefined; silence = silences[next++]) {
        try {
          output.write(`${await importOne(client, silence, flags.switch('force'))}\n`);
        } catch (error) {
          failed++;
          errors.write(`Error adding silence id='${silence.id}': ${(error as Error).message}\n`);
        }
      }
    };
    const workers = Math.max(1, Math.min(flags.integer('worker'), silences.length));
    await Promise.all(Array.from({length: workers}, work));
  });
  if (failed > 0) throw new Error(`couldn't import ${failed} out of ${silences.length} silences`);
  return 0;
}

function readSilences(text: string): ApiSilence[] {
  try {
    const silences = JSON.parse(text) as ApiSilence[];
    if (Array.isArray(silences)) return silences;
  } catch (cause) {
    throw new SyntaxError(`couldn't unmarshal input data, is it JSON?: ${(cause as Error).message}`, {cause});
  }
  throw new SyntaxError("couldn't unmarshal input data, is it JSON?: it is no list");
}

/** One that the Alertmanager does not know is added as a new one. */
async function importOne(
  client: AlertmanagerClient,
  {status: _status, updatedAt: _updatedAt, id, ...silence}: ApiSilence,
  isForced: boolean,
): Promise<string> {
  if (isForced) return post(client, silence);
  try {
    return await post(client, {id, ...silence});
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return post(client, silence);
    throw error;
  }
}
