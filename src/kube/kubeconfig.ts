// Where an API server is and who asks it: kubeconfig files, as kubectl has them
// (https://kubernetes.io/docs/reference/config-api/kubeconfig.v1/), and what a pod finds in its own container.

import {dirname} from 'node:path';
import {quoteGo} from '../base/quote.ts';
import {resolveScalar} from '../base/yaml-resolve.ts';
import {
  parseYaml,
  placeOf,
  type YamlDocument,
  YamlError,
  type YamlNode,
  type YamlProblem,
} from '../base/yaml.ts';
import {type HttpClientConfig, joinDirectory, type TlsClientConfig} from '../http/client-config.ts';
import type {KubeConnection} from './client.ts';
import type {ExecPlugin} from './exec.ts';

/** What this file reads of the world. */
export interface KubeWorld {
  readFile: (file: string) => string;
  environment: Record<string, string | undefined>;
}

/** Clients of Kubernetes use the proxy that the environment names, unless something else is said. */
const environmentProxy = {url: '', noProxy: '', connectHeaders: {}};

const accountFolder = '/var/run/secrets/kubernetes.io/serviceaccount';

/** The API server of the cluster whose pod this process runs in. Throws where it runs elsewhere. */
export function inClusterConnection({readFile, environment}: KubeWorld): KubeConnection {
  const host = environment['KUBERNETES_SERVICE_HOST'] ?? '';
  const port = environment['KUBERNETES_SERVICE_PORT'] ?? '';
  if (host === '' || port === '')
    throw new Error(
      'unable to load in-cluster configuration, KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT must be defined',
    );
  const credentialsFile = `${accountFolder}/token`;
  readFile(credentialsFile);
  return {
    server: `https://${host.includes(':') ? `[${host}]` : host}:${port}`,
    http: {
      authorization: {type: 'Bearer', credentialsFile},
      tls: {insecureSkipVerify: false, caFile: `${accountFolder}/ca.crt`},
      proxy: environmentProxy,
      followRedirects: true,
    },
  };
}

/** The namespace of the pod that this process runs in. */
export function ownNamespace({readFile}: KubeWorld): string {
  let text: string;
  try {
    text = readFile(`${accountFolder}/namespace`);
  } catch (cause) {
    throw new Error(`could not determine the pod's namespace: ${(cause as Error).message}`, {cause});
  }
  if (text === '') throw new Error('could not read own namespace name (empty file)');
  return text.trim();
}

/** The API server of the current context of a kubeconfig file. Throws what is wrong with the file. */
export function connectionOfKubeconfig(file: string, {readFile}: KubeWorld): KubeConnection {
  try {
    const config = readKubeconfig(readFile(file));
    return connectionOf(config, dirname(file));
  } catch (cause) {
    throw new Error(`cannot use kubeconfig file ${file}: ${(cause as Error).message}`, {cause});
  }
}

export type Plain = null | string | boolean | number | bigint | Plain[] | {[name: string]: Plain};
type Section = Record<string, Plain>;

function readKubeconfig(text: string): Section {
  const {root, problems} = parsed(text);
  const problem = problems[0];
  if (problem !== undefined) throw at(text, problem);
  if (root === null) throw new SyntaxError('it is empty');
  return sectionOf(plainOf(root), 'the file');
}

function parsed(text: string): YamlDocument {
  try {
    return parseYaml(text);
  } catch (cause) {
    throw cause instanceof YamlError ? at(text, cause) : cause;
  }
}

function at(text: string, {offset, message}: YamlProblem): SyntaxError {
  const {line, column} = placeOf(text, offset);
  return new SyntaxError(`line ${line}, column ${column}: ${message}`);
}

/** A tree of YAML as plain values. */
export function plainOf(node: YamlNode): Plain {
  if (node.kind === 'scalar') return resolveScalar(node).value;
  if (node.kind === 'sequence') return node.items.map(plainOf);
  return Object.fromEntries(node.entries.map(({key, value}) => [key, plainOf(value)]));
}

function connectionOf(config: Section, directory: string): KubeConnection {
  const contextName = textOf(config, 'current-context');
  if (contextName === '') throw new Error('no current-context is set');
  const context = named(config, {list: 'contexts', item: 'context'}, contextName);
  const cluster = named(config, {list: 'clusters', item: 'cluster'}, textOf(context, 'cluster'));
  const userName = textOf(context, 'user');
  const user = userName === '' ? {} : named(config, {list: 'users', item: 'user'}, userName);
  const server = textOf(cluster, 'server');
  if (!URL.canParse(server)) throw new Error(`the server ${quoteGo(server)} is not a URL`);
  const tls = tlsOf(cluster, user, directory);
  const proxyUrl = textOf(cluster, 'proxy-url');
  if (proxyUrl !== '' && !(URL.canParse(proxyUrl) && /^(?:https?|socks5h?):/i.test(proxyUrl)))
    throw new Error(`the proxy ${quoteGo(proxyUrl)} is not a URL of http, https or socks5`);
  const proxy = {...environmentProxy, url: proxyUrl};
  const exec = user['exec'] ?? null;
  return {
    server,
    ...(exec !== null && {exec: execOf(sectionOf(exec, 'exec'), cluster, directory)}),
    http: {
      ...authenticationOf(user, userName, directory),
      ...(tls !== null && {tls}),
      proxy,
      followRedirects: true,
    },
  };
}

function authenticationOf(user: Section, name: string, directory: string): Partial<HttpClientConfig> {
  for (const field of ['auth-provider', 'as', 'as-uid', 'as-groups', 'as-user-extra'] as const)
    if (user[field] !== undefined && user[field] !== null)
      throw new Error(
        `${field} of the user ${quoteGo(name)} is not supported yet: use a token or a client certificate`,
      );
  const credentialsFile = joinDirectory(directory, textOf(user, 'tokenFile'));
  if (credentialsFile !== '') return {authorization: {type: 'Bearer', credentialsFile}};
  const credentials = textOf(user, 'token');
  if (credentials !== '') return {authorization: {type: 'Bearer', credentials}};
  const username = textOf(user, 'username');
  return username === '' ? {} : {basicAuth: {username, password: textOf(user, 'password')}};
}

/** A command with a slash is relative to the file, others are looked for in the PATH. */
function execOf(exec: Section, cluster: Section, directory: string): ExecPlugin {
  const command = textOf(exec, 'command');
  if (command === '') throw new Error('exec has no command');
  if (textOf(exec, 'interactiveMode') === 'Always')
    throw new Error(`the program ${command} wants to talk to a person: exec.interactiveMode is Always`);
  const args = exec['args'] ?? [];
  const env = exec['env'] ?? [];
  if (!Array.isArray(args) || !Array.isArray(env)) throw new TypeError('args or env of exec is not a list');
  const pairs = env.map((each) => sectionOf(each, 'an entry of env'));
  const known = {
    server: textOf(cluster, 'server'),
    'certificate-authority-data': textOf(cluster, 'certificate-authority-data'),
  };
  return {
    apiVersion: textOf(exec, 'apiVersion'),
    command: command.includes('/') ? joinDirectory(directory, command) : command,
    args: args.map(String),
    env: Object.fromEntries(pairs.map((each) => [textOf(each, 'name'), textOf(each, 'value')])),
    installHint: textOf(exec, 'installHint'),
    cluster: exec['provideClusterInfo'] === true ? known : null,
  };
}

/** Data in the file itself come before the names of other files. */
function tlsOf(cluster: Section, user: Section, directory: string): TlsClientConfig | null {
  const tls: TlsClientConfig = {insecureSkipVerify: cluster['insecure-skip-tls-verify'] === true};
  const add = (
    section: Section,
    field: string,
    names: {text: 'ca' | 'cert' | 'key'; file: 'caFile' | 'certFile' | 'keyFile'},
  ): void => {
    const data = textOf(section, `${field}-data`);
    const file = joinDirectory(directory, textOf(section, field));
    if (data !== '') tls[names.text] = Buffer.from(data, 'base64').toString();
    else if (file !== '') tls[names.file] = file;
  };
  add(cluster, 'certificate-authority', {text: 'ca', file: 'caFile'});
  add(user, 'client-certificate', {text: 'cert', file: 'certFile'});
  add(user, 'client-key', {text: 'key', file: 'keyFile'});
  const serverName = textOf(cluster, 'tls-server-name');
  if (serverName !== '') tls.serverName = serverName;
  return Object.keys(tls).length === 1 && !tls.insecureSkipVerify ? null : tls;
}

function named(config: Section, {list, item}: {list: string; item: string}, name: string): Section {
  const entries = config[list] ?? [];
  if (!Array.isArray(entries)) throw new TypeError(`${list} is not a list`);
  for (const entry of entries) {
    const section = sectionOf(entry, `an entry of ${list}`);
    if (section['name'] === name) return sectionOf(section[item] ?? {}, `${item} ${quoteGo(name)}`);
  }
  throw new Error(`${item} ${quoteGo(name)} does not exist`);
}

function sectionOf(value: Plain, what: string): Section {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new TypeError(`${what} is not a mapping`);
  return value;
}

function textOf(section: Section, field: string): string {
  const value = section[field] ?? '';
  if (typeof value === 'object') throw new TypeError(`${field} is not a text`);
  return String(value);
}
