import {AwsCredentialsSource, type AwsWorld} from './aws-credentials.ts';
import type {SigV4Config} from './sigv4-config.ts';
import {type SignedRequest, signRequest} from './sigv4.ts';

/** Signs requests to a service of AWS with the credentials that a section `sigv4` names. */
export class AwsSigner {
  readonly #source: AwsCredentialsSource;
  readonly #service: string;
  readonly #now: () => number;

  /** `service` is the name to sign for where the section has none. */
  constructor(config: SigV4Config, service: string, world: AwsWorld) {
    this.#source = new AwsCredentialsSource(config, world);
    this.#service = config.serviceName || service;
    this.#now = world.now;
  }

  /** The headers with those of the signature. Throws where there are no credentials, or no region. */
  async sign(request: SignedRequest, signal: AbortSignal): Promise<Record<string, string>> {
    const {region, credentials} = await this.#source.identity(signal);
    return signRequest(request, {credentials, region, service: this.#service, nowMs: this.#now()});
  }
}
