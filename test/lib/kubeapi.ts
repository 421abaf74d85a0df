// A small Kubernetes API server on loopback, over HTTP or TLS with a token: create, read, update, patch, delete, paged lists
// and watches, written from https://kubernetes.io/docs/reference/using-api/api-concepts/. Its clients in the tests are this
// program, Prometheus, kubectl and @kubernetes/client-node.
import {createServer, type IncomingMessage, type Server, type ServerResponse} from 'node:http';
import {createServer as createTlsServer} from 'node:https';
import type {AddressInfo} from 'node:net';
import {gzipSync} from 'node:zlib';
import {parseYaml} from '../../src/base/yaml.ts';
import {plainOf} from '../../src/kube/kubeconfig.ts';
import {discoveryDocument, openApiV2, openApiV3, versionDocument} from './kubeapi-documents.ts';
import {jsonPatch, mergePatch, strategicPatch} from './kubeapi-patch.ts';
import {apiResources} from './kubeapi-resources.ts';
import {
  ApiError,
  type ApiObject,
  type ApiResource,
  ApiStore,
  apiVersionOf,
  type Collection,
  keyOfMeta,
  matcherOf,
  type Stored,
} from './kubeapi-store.ts';
import {tooOld, Watch} from './kubeapi-watch.ts';

export interface KubeApiOptions {
  /** PEM texts. */
  tls?: {cert: string; key: string; ca?: string};
  /** Where it is not '', requests must have it as their bearer token. */
  token?: string;
  bookmarkMs?: number;
  port?: number;
}

const gzipBytesMin = 128 << 10;

export class TestKubeApi {
  readonly store = new ApiStore();
  readonly watches = new Set<Watch>();
  /** Method and URL of every request. */
  readonly requests: string[] = [];
  token: string;
  /** What it gives is the answer to a request, instead of what it asks for. */
  refuse: (url: URL, method: string) => ApiError | null = () => null;
  readonly #options: KubeApiOptions;
  #server: Server | null = null;
  #port: number;

  constructor(options: KubeApiOptions = {}) {
    this.#options = options;
    this.token = options.token ?? '';
    this.#port = options.port ?? 0;
    for (const resource of apiResources) this.store.define(resource);
    for (const name of ['default', 'kube-system'])
      this.put({kind: 'Namespace', apiVersion: 'v1', metadata: {name}});
  }

  get url(): string {
    return `${this.#options.tls === undefined ? 'http' : 'https'}://127.0.0.1:${this.#port}`;
  }

  /** Creates or replaces an object. Its kind and version say where it belongs. */
  put(object: ApiObject): Stored {
    const collection = this.collectionOf(object);
    const key = keyOfMeta(object.metadata);
    return collection.objects.has(key)
      ? this.store.update(collection, key, object)
      : this.store.create(collection, object);
  }

  remove(object: ApiObject): void {
    this.store.delete(this.collectionOf(object), keyOfMeta(object.metadata));
  }

  collectionOf({kind, apiVersion}: ApiObject): Collection {
    for (const collection of this.store.collections.values())
      if (collection.resource.kind === kind && apiVersionOf(collection.resource) === apiVersion)
        return collection;
    throw new TypeError(`no kind ${kind} of ${apiVersion}`);
  }

  /** Listens on loopback; again on the same port after `stop()`. */
  async listen(): Promise<void> {
    const listener = (request: IncomingMessage, response: ServerResponse): void => {
      response.on('error', () => {});
      this.#handle(request, response).catch((error: unknown) => answerError(response, error));
    };
    const {tls} = this.#options;
    this.#server = tls === undefined ? createServer(listener) : createTlsServer(tls, listener);
    const server = this.#server;
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(this.#port, '127.0.0.1', resolve);
    });
    this.#port = (server.address() as AddressInfo).port;
  }

  /** What is stored stays: listening again is the restart of a server. */
  async stop(): Promise<void> {
    for (const watch of this.watches) watch.detach();
    this.watches.clear();
    const server = this.#server;
    if (server === null) return;
    this.#server = null;
    server.closeAllConnections();
    await new Promise<void>((resolve) => server.close(() => resolve()));
  }

  /** Ends all watches, as a server does after their time. */
  endWatches(): void {
    for (const watch of this.watches) watch.end();
  }

  /** All watches that there are say nothing any more, but stay open: a network that swallows everything. */
  silenceWatches(): void {
    for (const watch of this.watches) watch.isSilent = true;
  }

  async #handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '/', 'http://kube');
    const method = request.method ?? 'GET';
    this.requests.push(`${method} ${url.pathname}${url.search}`);
    const body = await readBody(request);
    if (this.token !== '' && request.headers.authorization !== `Bearer ${this.token}`)
      throw new ApiError(401, 'Unauthorized', 'Unauthorized');
    const refusal = this.refuse(url, method);
    if (refusal !== null) throw refusal;
    const resources = [...this.store.collections.values()].map(({resource}) => resource);
    const document = this.#document(url.pathname, resources, request.headers.accept ?? '');
    if (document instanceof Uint8Array)
      response
        .writeHead(200, {'content-type': 'application/com.github.proto-openapi.spec.v2.v1.0+protobuf'})
        .end(document);
    else if (document !== null) answer(request, response, 200, JSON.stringify(document));
    else this.#handleObjects({request, response, url, method, body});
  }

  #document(path: string, resources: ApiResource[], accept: string): unknown {
    if (/^\/(healthz|readyz|livez)$/.test(path)) return {status: 'ok'};
    if (path === '/version') return versionDocument;
    if (path === '/openapi/v2') {
      if (!accept.includes('proto-openapi')) throw new ApiError(406, 'NotAcceptable', 'only protobuf');
      return openApiV2(resources);
    }
    if (path.startsWith('/openapi/v3')) return openApiV3(path, resources);
    return discoveryDocument(path, resources);
  }

  #handleObjects(call: Call): void {
    const place = placeOf(call.url.pathname);
    if (place === null)
      throw new ApiError(404, 'NotFound', 'the server could not find the requested resource');
    const collection = this.store.collection(place.group, place.version, place.plural);
    const {method, url} = call;
    if (place.name === '') {
      if (method === 'POST') this.#create(call, collection, place);
      else if (method === 'DELETE') this.#deleteAll(call, collection, place);
      else if (isTrue(url.searchParams.get('watch'))) this.#watch(call, collection, place);
      else this.#list(call, collection, place);
      return;
    }
    const key = keyOfMeta(place);
    if (method === 'GET' && isTrue(url.searchParams.get('watch'))) this.#watch(call, collection, place);
    else if (method === 'GET') answer(call.request, call.response, 200, this.store.get(collection, key).text);
    else if (method === 'DELETE') this.#delete(call, collection, key);
    else if (method === 'PUT') this.#replace(call, collection, key);
    else if (method === 'PATCH') this.#patch(call, collection, key, place);
    else
      throw new ApiError(
        405,
        'MethodNotAllowed',
        `the server does not allow this method on the requested resource`,
      );
  }

  #create({request, response, body}: Call, collection: Collection, {namespace}: Place): void {
    const object = readObject(body, request);
    if (collection.resource.namespaced) object.metadata.namespace ??= namespace;
    answer(request, response, 201, this.store.create(collection, object).text);
  }

  #replace({request, response, body}: Call, collection: Collection, key: string): void {
    answer(request, response, 200, this.store.update(collection, key, readObject(body, request)).text);
  }

  #delete({request, response}: Call, collection: Collection, key: string): void {
    const {object} = this.store.delete(collection, key);
    const {name, uid} = object.metadata;
    const {plural, group} = collection.resource;
    const details = {name, ...(group !== '' && {group}), kind: plural, uid};
    const status = {kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', details};
    answer(request, response, 200, JSON.stringify(status));
  }

  #deleteAll({request, response, url}: Call, collection: Collection, place: Place): void {
    const matches = matcherOf(selectorOf(url, place), collection.resource);
    const found = [...collection.objects.values()].filter(matches);
    for (const {key} of found) this.store.delete(collection, key);
    answer(
      request,
      response,
      200,
      JSON.stringify({...listHead(collection, this.store.version), items: found.map(({object}) => object)}),
    );
  }

  #patch({request, response, url, body}: Call, collection: Collection, key: string, place: Place): void {
    const type = (request.headers['content-type'] ?? '').split(';')[0]!.trim();
    const patch =
      type === 'application/apply-patch+yaml' ? readYaml(body) : (JSON.parse(body.toString()) as unknown);
    const before = collection.objects.get(key);
    if (before === undefined && type === 'application/apply-patch+yaml') {
      if (url.searchParams.get('fieldManager') === null)
        throw new ApiError(
          422,
          'Invalid',
          'PatchOptions.meta.k8s.io "" is invalid: fieldManager: Required value: is required for apply patch',
        );
      const object = patch as ApiObject;
      if (collection.resource.namespaced) object.metadata.namespace ??= place.namespace;
      answer(request, response, 201, this.store.create(collection, object).text);
      return;
    }
    const {object} = this.store.get(collection, key);
    const patched = applyPatch(type, object, patch) as ApiObject;
    answer(request, response, 200, this.store.update(collection, key, patched).text);
  }

  #list({request, response, url}: Call, collection: Collection, place: Place): void {
    const {searchParams} = url;
    const token = searchParams.get('continue') ?? '';
    const version = searchParams.get('resourceVersion') ?? '';
    const match = searchParams.get('resourceVersionMatch') ?? '';
    const limit = Number(searchParams.get('limit') ?? 0);
    const exact = match === 'Exact' || (match === '' && limit > 0 && version !== '' && version !== '0');
    let at = this.store.version;
    let after = '';
    if (token !== '') ({version: at, after} = this.#continuation(token));
    else if (Number(version) > this.store.version)
      throw new ApiError(
        504,
        'Timeout',
        `Too large resource version: ${version}, current: ${this.store.version}`,
        {
          retryAfterSeconds: 1,
          causes: [{reason: 'ResourceVersionTooLarge', message: 'Too large resource version'}],
        },
      );
    else if (exact) {
      at = Number(version);
      if (at < this.store.compacted) throw tooOld(version, this.store.compacted);
    }
    const matches = matcherOf(selectorOf(url, place), collection.resource);
    const found = collection.asOf(at).filter((stored) => stored.key > after && matches(stored));
    // A list of any version comes from the cache of watches, which knows no pages.
    const page = limit > 0 && !(version === '0' && token === '') ? found.slice(0, limit) : found;
    const left = found.length - page.length;
    const head = listHead(collection, at);
    if (left > 0) {
      head.metadata.continue = Buffer.from(JSON.stringify({v: at, start: page.at(-1)!.key})).toString(
        'base64url',
      );
      if ((searchParams.get('labelSelector') ?? searchParams.get('fieldSelector')) === null)
        head.metadata.remainingItemCount = left;
    }
    const text = `${JSON.stringify(head).slice(0, -1)},"items":[${page.map((stored) => stored.text).join(',')}]}`;
    answer(request, response, 200, text);
  }

  #continuation(token: string): {version: number; after: string} {
    let read: {v: number; start: string};
    try {
      read = JSON.parse(Buffer.from(token, 'base64url').toString()) as {v: number; start: string};
    } catch {
      throw new ApiError(400, 'BadRequest', 'continue key is not valid');
    }
    if (read.v >= this.store.compacted) return {version: read.v, after: read.start};
    throw new ApiError(
      410,
      'Expired',
      'The provided continue parameter is too old to display a consistent list result. You can start a new list without the continue parameter, or use the continue token in this response to retrieve the remainder of the results. Continuing with the provided token results in an inconsistent list - objects that were created, modified, or deleted between the time the first chunk was returned and now may show up in the list.',
      {},
      Buffer.from(JSON.stringify({v: this.store.version, start: read.start})).toString('base64url'),
    );
  }

  #watch({request, response, url}: Call, collection: Collection, place: Place): void {
    const {searchParams} = url;
    const selector = selectorOf(url, place);
    if (place.name !== '') selector.fields = `metadata.name=${place.name}`;
    const matches = matcherOf(selector, collection.resource);
    const version = searchParams.get('resourceVersion') ?? '';
    const sendInitialEvents = isTrue(searchParams.get('sendInitialEvents'));
    if (sendInitialEvents && searchParams.get('resourceVersionMatch') !== 'NotOlderThan')
      throw new ApiError(
        422,
        'Invalid',
        'ListOptions.meta.k8s.io "" is invalid: resourceVersionMatch: Forbidden: sendInitialEvents requires setting resourceVersionMatch to NotOlderThan',
      );
    if (Number(version) > this.store.version)
      throw new ApiError(
        504,
        'Timeout',
        `Too large resource version: ${version}, current: ${this.store.version}`,
      );
    response.writeHead(200, {'content-type': 'application/json', 'cache-control': 'no-cache, private'});
    response.flushHeaders();
    const watch: Watch = new Watch(
      this.store,
      collection,
      {
        resourceVersion: version,
        sendInitialEvents,
        allowBookmarks: isTrue(searchParams.get('allowWatchBookmarks')),
        bookmarkMs: this.#options.bookmarkMs ?? 60_000,
        timeoutMs: 1000 * Number(searchParams.get('timeoutSeconds') ?? 1800),
        matches,
      },
      {
        write: (line) => response.write(line),
        onEnd: () => {
          this.watches.delete(watch);
          response.end();
        },
      },
    );
    this.watches.add(watch);
    response.on('close', () => {
      watch.detach();
      this.watches.delete(watch);
    });
    void request;
    watch.begin();
  }
}

interface Call {
  request: IncomingMessage;
  response: ServerResponse;
  url: URL;
  method: string;
  body: Buffer;
}

interface Place {
  group: string;
  version: string;
  plural: string;
  namespace: string;
  name: string;
}

/** `/api/v1/namespaces/NS/pods/NAME`, `/apis/apps/v1/replicasets`, …; parts like `/status` are the object itself here. */
function placeOf(path: string): Place | null {
  const [, root, ...rest] = path.split('/').map(decodeURIComponent);
  if (root !== 'api' && root !== 'apis') return null;
  const [group = '', version = '', ...steps] = root === 'api' ? ['', ...rest] : rest;
  const [first = '', second = '', third, name = ''] = steps;
  if (first === '') return null;
  const isInNamespace =
    first === 'namespaces' && third !== undefined && third !== 'status' && third !== 'finalize';
  return isInNamespace
    ? {group, version, plural: third, namespace: second, name}
    : {group, version, plural: first, namespace: '', name: second};
}

function selectorOf(
  {searchParams}: URL,
  {namespace}: Place,
): {namespace: string; labels: string; fields: string} {
  const labels = searchParams.get('labelSelector') ?? '';
  return {namespace, labels, fields: searchParams.get('fieldSelector') ?? ''};
}

interface ListHead {
  kind: string;
  apiVersion: string;
  metadata: {resourceVersion: string; continue?: string; remainingItemCount?: number};
}

function listHead({resource}: Collection, version: number): ListHead {
  return {
    kind: `${resource.kind}List`,
    apiVersion: apiVersionOf(resource),
    metadata: {resourceVersion: String(version)},
  };
}

function applyPatch(type: string, object: ApiObject, patch: unknown): unknown {
  switch (type) {
    case 'application/json-patch+json':
      return jsonPatch(object, patch);
    case 'application/merge-patch+json':
      return mergePatch(object, patch);
    case 'application/strategic-merge-patch+json':
    case 'application/apply-patch+yaml':
      return strategicPatch(object, patch);
    default:
      throw new ApiError(
        415,
        'UnsupportedMediaType',
        `the body of the request was in an unknown format - accepted media types include: application/json-patch+json, application/merge-patch+json, application/apply-patch+yaml`,
      );
  }
}

function readObject(body: Buffer, {headers}: IncomingMessage): ApiObject {
  const type = headers['content-type'] ?? 'application/json';
  if (type.includes('protobuf'))
    throw new ApiError(
      415,
      'UnsupportedMediaType',
      'the body of the request was in an unknown format - accepted media types include: application/json, application/yaml',
    );
  const object = type.includes('yaml') ? readYaml(body) : JSON.parse(body.toString());
  if (typeof object !== 'object' || object === null || !('metadata' in object))
    throw new ApiError(400, 'BadRequest', 'the object has no metadata');
  return object as ApiObject;
}

function readYaml(body: Buffer): unknown {
  const {root} = parseYaml(body.toString());
  if (root === null) throw new ApiError(400, 'BadRequest', 'error decoding YAML: it is empty');
  return plainOf(root);
}

function isTrue(value: string | null): boolean {
  return value === 'true' || value === '1';
}

async function readBody(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

function answer(request: IncomingMessage, response: ServerResponse, code: number, text: string): void {
  const headers: Record<string, string> = {
    'content-type': 'application/json',
    'cache-control': 'no-cache, private',
  };
  const bytes = Buffer.from(text);
  if (bytes.length < gzipBytesMin || request.headers['accept-encoding']?.includes('gzip') !== true)
    response.writeHead(code, headers).end(bytes);
  else
    response
      .writeHead(code, {...headers, 'content-encoding': 'gzip', vary: 'Accept-Encoding'})
      .end(gzipSync(bytes, {level: 1}));
}

function answerError(response: ServerResponse, error: unknown): void {
  const known = error instanceof ApiError ? error : new ApiError(500, 'InternalError', String(error));
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const {retryAfterSeconds} = known.details;
  const headers = {
    'content-type': 'application/json',
    ...(typeof retryAfterSeconds === 'number' && {'retry-after': String(retryAfterSeconds)}),
  };
  response.writeHead(known.code, headers).end(JSON.stringify(known.toStatus()));
}
