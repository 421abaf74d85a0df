/**
 * The number that an instant query gives, such as a count: 0 where it gives nothing. Throws what the system says where it
 * refuses.
 */
export async function countOf(baseUrl: string, query: string, timeMs?: number): Promise<number> {
  const parameters = new URLSearchParams({query});
  if (timeMs !== undefined) parameters.set('time', String(timeMs / 1000));
  const response = await fetch(`${baseUrl}/api/v1/query?${parameters.toString()}`);
  const answer = (await response.json()) as {error?: string; data?: {result: {value: [number, string]}[]}};
  if (answer.data === undefined) throw new Error(`cannot ask ${baseUrl} for ${query}: ${answer.error}`);
  return Number(answer.data.result[0]?.value[1] ?? 0);
}
