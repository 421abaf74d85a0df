// What the API server says when it refuses: a Status object. See
// https://kubernetes.io/docs/reference/generated/kubernetes-api/v1.33/#status-v1-meta.

export interface StatusObject {
  kind?: string;
  status?: string;
  message?: string;
  reason?: string;
  code?: number;
  details?: {retryAfterSeconds?: number} | null;
}

/** The API server refused a request, or ended a watch with an error. */
export class KubeStatusError extends Error {
  /** An HTTP status. */
  readonly code: number;
  /** Such as `Expired` or `Forbidden`; '' where the server gave none. */
  readonly reason: string;
  readonly retryAfterMs: number;

  constructor(status: StatusObject, code: number, retryAfterSeconds = 0) {
    super(status.message === undefined || status.message === '' ? `status code ${code}` : status.message);
    this.code = status.code ?? code;
    this.reason = status.reason ?? '';
    this.retryAfterMs = 1000 * Math.max(status.details?.retryAfterSeconds ?? 0, retryAfterSeconds);
  }

  /** What was asked for is so old that the server has forgotten it: list again. */
  get isExpired(): boolean {
    return this.code === 410 || this.reason === 'Expired' || this.reason === 'Gone';
  }

  /** The server does not know yet what it is asked for: it lags behind the one that was asked before. */
  get isTooNew(): boolean {
    return this.code === 504 && this.message.includes('Too large resource version');
  }
}

/** Reads the body of a refusal; a proxy may have written something else than a Status. */
export function statusErrorOf(code: number, text: string, retryAfter: string): KubeStatusError {
  let status: StatusObject = {};
  try {
    const read = JSON.parse(text) as unknown;
    if (typeof read === 'object' && read !== null && 'kind' in read && read.kind === 'Status')
      status = read as StatusObject;
  } catch {
    // Not JSON: the text itself says what is wrong.
  }
  if (status.message === undefined) status.message = `status code ${code}: ${text.trim().slice(0, 300)}`;
  return new KubeStatusError(status, code, Number(retryAfter) || 0);
}
