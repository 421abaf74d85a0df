// Credentials that another program gives: https://kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins.

import {execFile} from 'node:child_process';

/** A program of a kubeconfig file. Plain data. */
export interface ExecPlugin {
  apiVersion: string;
  command: string;
  args: string[];
  env: Record<string, string>;
  /** What to do where the program is missing; '' = nothing is known. */
  installHint: string;
  /** What the program is told of the server; null = nothing. */
  cluster: Record<string, unknown> | null;
}

interface ExecCredential {
  apiVersion?: string;
  kind?: string;
  status?: {token?: string; expirationTimestamp?: string; clientCertificateData?: string};
}

const runMsMax = 60_000;
const outputBytesMax = 1 << 20;
/** A token is asked for anew so long before its end. */
const renewMs = 10_000;

/** Runs the program when there is no token, or its time is over. */
export class ExecCredentials {
  readonly #plugin: ExecPlugin;
  readonly #now: () => number;
  #token = '';
  #expiresMs = Infinity;
  #asking: Promise<void> | null = null;

  constructor(plugin: ExecPlugin, now: () => number = Date.now) {
    this.#plugin = plugin;
    this.#now = now;
  }

  /** For the header of that name. Throws why there is no token. */
  async authorization(): Promise<string> {
    if (this.#token === '' || this.#now() > this.#expiresMs - renewMs) {
      this.#asking ??= this.#ask().finally(() => (this.#asking = null));
      await this.#asking;
    }
    return `Bearer ${this.#token}`;
  }

  /** The server does not take the token: the next one is asked for. */
  forget(): void {
    this.#token = '';
  }

  async #ask(): Promise<void> {
    const {command} = this.#plugin;
    let status: ExecCredential['status'];
    try {
      const credential = JSON.parse(await run(this.#plugin)) as ExecCredential;
      if (credential.kind !== 'ExecCredential') throw new TypeError('its output is no ExecCredential');
      status = credential.status;
      if (status?.token === undefined || status.token === '')
        throw new TypeError(
          status?.clientCertificateData === undefined
            ? 'it gave no token'
            : 'it gave a client certificate, which is not supported: only tokens are',
        );
    } catch (cause) {
      throw new Error(`getting credentials: exec: ${command}: ${(cause as Error).message}`, {cause});
    }
    this.#token = status.token;
    const expiresMs = Date.parse(status.expirationTimestamp ?? '');
    this.#expiresMs = Number.isNaN(expiresMs) ? Infinity : expiresMs;
  }
}

function run({apiVersion, command, args, env, installHint, cluster}: ExecPlugin): Promise<string> {
  const spec = {interactive: false, ...(cluster !== null && {cluster})};
  const info = JSON.stringify({apiVersion, kind: 'ExecCredential', spec});
  const environment = {...process.env, ...env, KUBERNETES_EXEC_INFO: info};
  const options = {env: environment, timeout: runMsMax, maxBuffer: outputBytesMax};
  return new Promise((resolve, reject) => {
    const child = execFile(command, args, options, (error, stdout, stderr) => {
      if (error === null) resolve(stdout);
      else if (error.code === 'ENOENT')
        reject(
          new Error(`executable not found${installHint === '' ? '' : `\n\n${installHint}`}`, {cause: error}),
        );
      else
        reject(
          new Error(
            `it failed with ${error.killed === true ? 'a timeout' : `exit code ${String(error.code)}`}: ${stderr.trim().slice(0, 500)}`,
            {cause: error},
          ),
        );
    });
    child.stdin?.end();
  });
}
