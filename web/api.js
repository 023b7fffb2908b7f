// The server's answers. Every request goes to the page's own origin and ends within a few seconds.

const patienceMs = 5000;

// `detail` is the server's own sentence where it gave one; `offline` means that nobody answered.
export class ApiError extends Error {
  constructor(detail, offline) {
    super(detail);
    this.offline = offline;
  }
}

export async function get(path, parameters = {}, signal) {
  const query = new URLSearchParams(Object.entries(parameters).filter(([, value]) => value !== undefined));
  const signals = [AbortSignal.timeout(patienceMs)];
  if (signal) signals.push(signal);
  let response;
  try {
    response = await fetch(query.size ? `${path}?${query}` : path, { signal: AbortSignal.any(signals), cache: 'no-store' });
    if (response.ok) return await response.json();
  } catch (error) {
    if (signal?.aborted) throw signal.reason;
    throw new ApiError(error.name === 'TimeoutError' ? `No answer within ${patienceMs / 1000} s` : 'The server does not answer.', true);
  }
  const problem = await response.json().catch(() => ({}));
  throw new ApiError(problem.detail ?? `The server answered ${response.status}`, false);
}
