// Where credentials for AWS come from, in the order in which AWS's own programs look: the configuration, the environment, a
// token of the cluster's identity provider, the profile's files, the container's or the machine's own service.
import {readFile} from 'node:fs/promises';
import {homedir} from 'node:os';
import {join} from 'node:path';
import type {HttpRequestOptions, HttpSender} from './client.ts';
import type {SigV4Config} from './sigv4-config.ts';
import {type AwsCredentials, signRequest} from './sigv4.ts';

export interface AwsWorld {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly http: Pick<HttpSender, 'request'>;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Of `profile`: the text of a file, null where there is none. */
  readonly readFile?: (file: string) => Promise<string | null>;
}

export interface AwsIdentity {
  readonly region: string;
  readonly credentials: AwsCredentials;
}

interface Expiring {
  readonly credentials: AwsCredentials;
  /** Milliseconds since 1970; Infinity = never. */
  readonly expiresAtMs: number;
}

/** Temporary credentials are renewed so long before their end. */
const renewBeforeMs = 300_000;
const metadataTimeoutMs = 2000;
const metadataUrl = 'http://169.254.169.254';
const containerUrl = 'http://169.254.170.2';
const sessionSeconds = 900;

/** Finds credentials, and keeps them until they expire. */
export class AwsCredentialsSource {
  readonly #config: SigV4Config;
  readonly #world: AwsWorld;
  #kept: Expiring | null = null;

  constructor(config: SigV4Config, world: AwsWorld) {
    this.#config = config;
    this.#world = world;
  }

  /** Throws where there are none, or no region. */
  async identity(signal: AbortSignal): Promise<AwsIdentity> {
    const profile = await this.#profile();
    const {environment} = this.#world;
    const region =
      this.#config.region ||
      environment['AWS_REGION'] ||
      environment['AWS_DEFAULT_REGION'] ||
      profile['region'] ||
      '';
    if (region === '')
      throw new Error('region not configured in sigv4.region or in default credentials chain');
    if (this.#kept === null || this.#kept.expiresAtMs - renewBeforeMs < this.#world.now())
      this.#kept = await this.#find(profile, region, signal);
    return {region, credentials: this.#kept.credentials};
  }

  async #find(profile: Profile, region: string, signal: AbortSignal): Promise<Expiring> {
    const own = await this.#findOwn(profile, region, signal);
    const {roleArn, externalId} = this.#config;
    if (roleArn === '') return own;
    const parameters = {RoleArn: roleArn, ...(externalId !== '' && {ExternalId: externalId})};
    return this.#assume('AssumeRole', parameters, {region, credentials: own.credentials, signal});
  }

  async #findOwn(profile: Profile, region: string, signal: AbortSignal): Promise<Expiring> {
    const {accessKey, secretKey, profile: profileName} = this.#config;
    if (accessKey !== '') return lasting({accessKey, secretKey, sessionToken: ''});
    const {environment} = this.#world;
    const inEnvironment = {
      accessKey: environment['AWS_ACCESS_KEY_ID'] ?? '',
      secretKey: environment['AWS_SECRET_ACCESS_KEY'] ?? '',
      sessionToken: environment['AWS_SESSION_TOKEN'] ?? '',
    };
    const inProfile = {
      accessKey: profile['aws_access_key_id'] ?? '',
      secretKey: profile['aws_secret_access_key'] ?? '',
      sessionToken: profile['aws_session_token'] ?? '',
    };
    if (profileName === '' && inEnvironment.accessKey !== '') return lasting(inEnvironment);
    const tokenFile = environment['AWS_WEB_IDENTITY_TOKEN_FILE'] ?? '';
    if (profileName === '' && tokenFile !== '') return this.#byWebIdentity(tokenFile, region, signal);
    if (inProfile.accessKey !== '') return lasting(inProfile);
    return (await this.#byContainer(signal)) ?? (await this.#byMachine(signal));
  }

  async #byWebIdentity(tokenFile: string, region: string, signal: AbortSignal): Promise<Expiring> {
    const parameters = {
      RoleArn: this.#world.environment['AWS_ROLE_ARN'] ?? '',
      WebIdentityToken: (await readFile(tokenFile, 'utf8')).trim(),
    };
    return this.#assume('AssumeRoleWithWebIdentity', parameters, {region, credentials: null, signal});
  }

  async #assume(
    action: string,
    parameters: Record<string, string>,
    {region, credentials, signal}: {region: string; credentials: AwsCredentials | null; signal: AbortSignal},
  ): Promise<Expiring> {
    const {environment, now} = this.#world;
    const host = this.#config.useFipsStsEndpoint ? 'sts-fips' : 'sts';
    const url = new URL(endpointOf('sts', region, environment, host));
    const body = new URLSearchParams({
      Action: action,
      Version: '2011-06-15',
      RoleSessionName: environment['AWS_ROLE_SESSION_NAME'] || `narthex-${now()}`,
      DurationSeconds: String(sessionSeconds),
      ...parameters,
    }).toString();
    const plain = {'content-type': 'application/x-www-form-urlencoded'};
    const headers =
      credentials === null
        ? plain
        : signRequest(
            {method: 'POST', url, headers: plain, body},
            {credentials, region, service: 'sts', nowMs: now()},
          );
    const answer = await this.#world.http.request(url.href, {method: 'POST', body, headers, signal});
    if (answer.status !== 200) {
      const {code, message} = awsErrorOf(answer.text);
      throw new Error(`cannot assume the role of AWS: status ${answer.status}, ${code}: ${message}`);
    }
    return expiringOf({
      AccessKeyId: xmlText(answer.text, 'AccessKeyId'),
      SecretAccessKey: xmlText(answer.text, 'SecretAccessKey'),
      Token: xmlText(answer.text, 'SessionToken'),
      Expiration: xmlText(answer.text, 'Expiration'),
    });
  }

  /** Null outside of a container that has such a service. */
  async #byContainer(signal: AbortSignal): Promise<Expiring | null> {
    const {environment} = this.#world;
    const relative = environment['AWS_CONTAINER_CREDENTIALS_RELATIVE_URI'] ?? '';
    const url =
      relative === '' ? (environment['AWS_CONTAINER_CREDENTIALS_FULL_URI'] ?? '') : containerUrl + relative;
    if (url === '') return null;
    const tokenFile = environment['AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE'] ?? '';
    const token =
      tokenFile === ''
        ? (environment['AWS_CONTAINER_AUTHORIZATION_TOKEN'] ?? '')
        : (await readFile(tokenFile, 'utf8')).trim();
    const headers: Record<string, string> = token === '' ? {} : {authorization: token};
    return expiringOf(JSON.parse(await this.#metadata(url, {headers, signal})) as StoredCredentials);
  }

  async #byMachine(signal: AbortSignal): Promise<Expiring> {
    const {environment} = this.#world;
    if (environment['AWS_EC2_METADATA_DISABLED'] === 'true')
      throw new Error('cannot find credentials for AWS: there are none in the configuration or environment');
    const base = environment['AWS_EC2_METADATA_SERVICE_ENDPOINT'] || metadataUrl;
    try {
      const lifetime = {'x-aws-ec2-metadata-token-ttl-seconds': '300'};
      const token = await this.#metadata(`${base}/latest/api/token`, {
        method: 'PUT',
        headers: lifetime,
        signal,
      });
      const headers = {'x-aws-ec2-metadata-token': token};
      const roles = `${base}/latest/meta-data/iam/security-credentials/`;
      const [role = ''] = (await this.#metadata(roles, {headers, signal})).split('\n');
      const found = await this.#metadata(roles + role, {headers, signal});
      return expiringOf(JSON.parse(found) as StoredCredentials);
    } catch (cause) {
      const why = (cause as Error).message;
      throw new Error(
        `cannot find credentials for AWS: none in the configuration or environment, and the machine has none: ${why}`,
        {cause},
      );
    }
  }

  async #metadata(url: string, options: HttpRequestOptions): Promise<string> {
    const answer = await this.#world.http.request(url, {...options, timeoutMs: metadataTimeoutMs});
    if (answer.status !== 200) throw new Error(`${url} answers with status ${answer.status}`);
    return answer.text;
  }

  async #profile(): Promise<Profile> {
    const {environment, readFile: read = readIfThere} = this.#world;
    const name = this.#config.profile || environment['AWS_PROFILE'] || 'default';
    const folder = join(environment['HOME'] ?? homedir(), '.aws');
    const config = await read(environment['AWS_CONFIG_FILE'] || join(folder, 'config'));
    const shared = await read(environment['AWS_SHARED_CREDENTIALS_FILE'] || join(folder, 'credentials'));
    const sections = [
      config === null ? null : sectionOf(config, name === 'default' ? ['default'] : [`profile ${name}`]),
      shared === null ? null : sectionOf(shared, [name]),
    ];
    if (this.#config.profile !== '' && sections.every((each) => each === null))
      throw new Error(`failed to get shared config profile, ${name}`);
    return {...sections[0], ...sections[1]};
  }
}

type Profile = Readonly<Record<string, string>>;

async function readIfThere(file: string): Promise<string | null> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  }
}

/** `[name]` and its `key = value` lines; null where there is no such section. */
function sectionOf(text: string, names: readonly string[]): Record<string, string> | null {
  let found: Record<string, string> | null = null;
  let isInside = false;
  for (const line of text.split(/\r?\n/)) {
    const heading = /^\s*\[\s*(.*?)\s*\]/.exec(line)?.[1];
    if (heading !== undefined) {
      isInside = names.includes(heading.replaceAll(/\s+/g, ' '));
      if (isInside) found ??= {};
      continue;
    }
    const [, key, value] = /^([A-Za-z0-9_]+)\s*=\s*(.*?)\s*$/.exec(line) ?? [];
    if (isInside && key !== undefined) found![key.toLowerCase()] = value!;
  }
  return found;
}

interface StoredCredentials {
  readonly AccessKeyId?: string;
  readonly SecretAccessKey?: string;
  readonly Token?: string;
  readonly Expiration?: string;
}

function lasting(credentials: AwsCredentials): Expiring {
  return {credentials, expiresAtMs: Infinity};
}

function expiringOf({AccessKeyId, SecretAccessKey, Token, Expiration}: StoredCredentials): Expiring {
  if (!AccessKeyId || !SecretAccessKey) throw new Error('cannot read credentials of AWS: they have no keys');
  const expiresAtMs = Date.parse(Expiration ?? '');
  return {
    credentials: {accessKey: AccessKeyId, secretKey: SecretAccessKey, sessionToken: Token ?? ''},
    expiresAtMs: Number.isNaN(expiresAtMs) ? Infinity : expiresAtMs,
  };
}

/** Where a service is found: as AWS_ENDPOINT_URL_SNS or AWS_ENDPOINT_URL say, or where AWS has it. */
export function endpointOf(
  service: string,
  region: string,
  environment: Readonly<Record<string, string | undefined>>,
  host = service,
): string {
  const own = environment[`AWS_ENDPOINT_URL_${service.toUpperCase()}`] || environment['AWS_ENDPOINT_URL'];
  if (own) return own;
  const domain = region.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com';
  return `https://${host}.${region}.${domain}/`;
}

/** `<Error><Code>…</Code><Message>…</Message></Error>`; '' where an answer has none. */
export function awsErrorOf(answer: string): {code: string; message: string} {
  return {code: xmlText(answer, 'Code'), message: xmlText(answer, 'Message')};
}

const entities: Record<string, string> = {lt: '<', gt: '>', quot: '"', apos: "'", amp: '&'};

/** The text of the first element of a name. */
function xmlText(xml: string, name: string): string {
  const text = new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml)?.[1] ?? '';
  return text.replaceAll(/&(lt|gt|quot|apos|amp);/g, (_, entity: string) => entities[entity]!);
}
