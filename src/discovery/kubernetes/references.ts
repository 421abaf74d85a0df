/** Who refers to an object: most are referred to by one, so one is kept as itself. */
export class References {
  readonly #users = new Map<string, string | Set<string>>();

  get size(): number {
    return this.#users.size;
  }

  add(reference: string, user: string): void {
    const users = this.#users.get(reference);
    if (users === undefined) this.#users.set(reference, user);
    else if (typeof users !== 'string') users.add(user);
    else if (users !== user) this.#users.set(reference, new Set([users, user]));
  }

  remove(reference: string, user: string): void {
    const users = this.#users.get(reference);
    if (users === user) this.#users.delete(reference);
    else if (users instanceof Set && users.delete(user) && users.size === 0) this.#users.delete(reference);
  }

  forEach(reference: string, run: (user: string) => void): void {
    const users = this.#users.get(reference);
    if (users === undefined) return;
    if (typeof users === 'string') run(users);
    else for (const user of users) run(user);
  }
}
