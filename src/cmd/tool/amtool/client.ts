// The API of an Alertmanager, as amtool asks it.
import {dirname} from 'node:path';
import {parseYaml, yamlLimits} from '../../../base/yaml.ts';
import {httpClientShape, readHttpClient} from '../../../http/client-config.ts';
import type {HttpClientConfig} from '../../../http/client-config.ts';
import {HttpClient} from '../../../http/client.ts';
import {section} from '../../../model/fields.ts';
import {FlagError, type FlagValues} from '../../flags.ts';
import {readTextFile} from '../../textfile.ts';

export interface ApiStatus {
  readonly cluster: {
    readonly name?: string;
    readonly status: string;
    readonly peers?: readonly {readonly name: string; readonly address: string}[];
  };
  readonly versionInfo: Readonly<Record<string, string>>;
  readonly config: {readonly original: string};
  readonly uptime: string;
}

export interface ApiMatcher {
  readonly name: string;
  readonly value: string;
  readonly isRegex: boolean;
  readonly isEqual?: boolean;
}

export interface ApiSilence {
  id: string;
  readonly status?: {readonly state: string};
  readonly updatedAt?: string;
  readonly matchers: readonly ApiMatcher[];
  startsAt: string;
  endsAt: string;
  readonly createdBy: string;
  comment: string;
  readonly annotations?: Readonly<Record<string, string>>;
}

export interface ApiAlert {
  readonly labels: Readonly<Record<string, string>>;
  readonly annotations: Readonly<Record<string, string>>;
  readonly startsAt: string;
  readonly endsAt: string;
  readonly generatorURL?: string;
  readonly status: {readonly state: string};
}

export interface ApiRequest {
  readonly method?: 'GET' | 'POST' | 'DELETE';
  readonly query?: readonly (readonly [string, string])[];
  readonly body?: unknown;
}

/** An answer other than 200. */
export class ApiError extends Error {
  override name = 'ApiError';
  readonly status: number;

  constructor(message: string, status: number) {
    super(message);
    this.status = status;
  }
}

export class AlertmanagerClient {
  readonly #url: URL;
  readonly #http: HttpClient;
  readonly #timeoutMs: number;
  readonly #signal = new AbortController().signal;

  /** Throws FlagError where the flags name no Alertmanager. */
  constructor(flags: FlagValues) {
    const url = flags.text('alertmanager.url');
    if (url === '') throw new FlagError('required flag --alertmanager.url not provided', 1);
    const whole = url.includes('://') ? url : `http://${url}`;
    if (!URL.canParse(whole)) throw new FlagError(`cannot use --alertmanager.url=${url}: it is no URL`, 1);
    this.#url = new URL(whole);
    const file = flags.text('http.config.file');
    if (file !== '' && this.#url.username !== '')
      throw new FlagError('basic authentication and http.config.file are mutually exclusive', 1);
    this.#http = new HttpClient(file === '' ? {followRedirects: true} : readConfigFile(file), () =>
      performance.now(),
    );
    this.#timeoutMs = flags.duration('timeout');
  }

  /** The answer's JSON. Throws ApiError. */
  async ask<Answer>(path: string, {method = 'GET', query = [], body}: ApiRequest = {}): Promise<Answer> {
    const url = new URL(this.#url);
    url.pathname = `${url.pathname.replace(/\/+$/, '')}/api/v2${path}`;
    url.search = new URLSearchParams(query.map(([name, value]) => [name, value])).toString();
    const answer = await this.#http.request(url.href, {
      method,
      headers: {accept: 'application/json', ...(body !== undefined && {'content-type': 'application/json'})},
      ...(body !== undefined && {body: JSON.stringify(body)}),
      timeoutMs: this.#timeoutMs,
      signal: this.#signal,
    });
    if (answer.status !== 200)
      throw new ApiError(`[${method} ${path}][${answer.status}] ${answer.text.trim()}`, answer.status);
    return (answer.text.trim() === '' ? null : JSON.parse(answer.text)) as Answer;
  }

  close(): Promise<void> {
    return this.#http.close();
  }
}

/** Runs `use` with a client that is closed after it. */
export async function withClient<T>(
  flags: FlagValues,
  use: (client: AlertmanagerClient) => Promise<T>,
): Promise<T> {
  const client = new AlertmanagerClient(flags);
  try {
    return await use(client);
  } finally {
    await client.close();
  }
}

function readConfigFile(file: string): HttpClientConfig {
  const fields = section(() => httpClientShape).safeParse(parseYaml(readTextFile(file), yamlLimits).root);
  const problems = fields.success ? [] : fields.error.issues.map(({message}) => message);
  if (fields.success) {
    const {config} = readHttpClient(fields.data, dirname(file), (_path, message) => problems.push(message));
    if (problems.length === 0) return config;
  }
  throw new FlagError(`failed to load HTTP config file: ${problems.join('; ')}`, 1);
}
