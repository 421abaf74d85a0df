// What notifiers over HTTP have in common.
import type {HttpClientConfig} from '../../http/client-config.ts';
import {
  type IntegrationWorld,
  type Notification,
  type Notifier,
  templateDataOfNotification,
} from '../integration.ts';
import {Sender} from './sender.ts';
import {Texts} from './texts.ts';
import {cutCharacters} from './truncate.ts';

export abstract class HttpNotifier<Config> implements Notifier {
  protected readonly config: Config;
  protected readonly sender: Sender;
  protected readonly world: IntegrationWorld;

  constructor(config: Config, http: HttpClientConfig, world: IntegrationWorld) {
    this.config = config;
    this.sender = new Sender(http, world);
    this.world = world;
  }

  abstract notify(notification: Notification): Promise<void>;

  protected texts(notification: Notification): Texts {
    return new Texts(this.world.templates, templateDataOfNotification(notification));
  }

  /** At most `max` characters; `what` is how the log calls the field. */
  protected cut(text: string, max: number, {what, groupKey}: {what: string; groupKey: string}): string {
    const cut = cutCharacters(text, max);
    if (cut === null) return text;
    this.world.logger.warn(`Truncated ${what}`, {group_key: groupKey, max_runes: max});
    return cut;
  }

  close(): Promise<void> {
    return this.sender.close();
  }
}
