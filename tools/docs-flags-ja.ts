// What docs/ja/flags.md says of each flag.

import type {FlagSpec} from '../src/cmd/flags.ts';

const reasons: readonly [pattern: RegExp, text: string][] = [
  [/Go runtime/, 'Go ランタイムの調整用。スレッドとメモリはプログラム自身が決める。'],
  [/console templates/, 'コンソールテンプレートは配信しない。Web UI を使う。'],
  [/web UI is part/, 'Web UI はプログラムに組み込まれている。'],
  [/how its log is compressed/, 'WAL の圧縮方式はストアが決める。読み込みはどの方式にも対応する。'],
  [/written in groups/, '満杯になったチャンクはキューを使わず、まとめて書き込む。'],
  [/always locked/, 'データディレクトリは常にロックされる。'],
  [/overlapping blocks/, 'ブロックの重なりは常に許可される。'],
  [/groups without alerts go at once/, '空のグループは直ちに破棄する。'],
  [/has no such flag any more/, 'Prometheus 3 で廃止。設定ファイルの `alertmanagers` の `timeout` を使う。'],
];

/** Why an ignored flag changes nothing. */
export function japaneseReason({name, note = ''}: FlagSpec): string {
  const found = reasons.find(([pattern]) => pattern.test(note));
  if (found === undefined)
    throw new RangeError(`cannot say in Japanese why --${name} is ignored: add it to tools/docs-flags-ja.ts`);
  return found[1];
}

export const japaneseFlagTexts: Readonly<Record<string, string>> = {
  help: 'ヘルプを表示する。',
  'help-long': 'ヘルプを表示する。',
  version: 'バージョンを表示する。',
  'config.file': '設定ファイル。',
  'config.auto-reload': '設定ファイルの変更を検知して自動で再読み込みする。',
  'config.auto-reload-interval': '変更を確認する間隔。',
  'web.listen-address': 'Web UI と API が待ち受けるアドレス。複数回指定できる。',
  'web.systemd-socket': 'アドレスで待ち受ける代わりに、systemd から渡されたソケットを使う。',
  'web.config.file': 'Web サーバーの TLS とパスワードの設定ファイル。',
  'web.read-timeout': 'リクエストの読み取りにかけられる最長時間。アイドル接続もこの時間で閉じる。',
  'web.max-connections': '全リスナー合計の最大同時接続数。',
  'web.max-notifications-subscribers': 'ライブ通知を同時に購読できるクライアントの最大数。',
  'web.external-url':
    '外部から見たサーバーの URL。自サーバーへのリンクに使う。`--web.route-prefix` がなければ、そのパスが全ルートの接頭辞になる。',
  'web.route-prefix': '全ルートの接頭辞。既定では `--web.external-url` のパス。',
  'web.user-assets': '`/user` 以下で配信する静的ファイルのディレクトリ。',
  'web.enable-lifecycle': '`/-/reload` と `/-/quit` を有効にする。',
  'web.enable-admin-api': '系列の削除とスナップショットのエンドポイントを有効にする。',
  'web.enable-remote-write-receiver': '`/api/v1/write` でリモートライトを受け付ける。',
  'web.remote-write-receiver.accepted-protobuf-messages': 'リモートライトで受け付けるメッセージの種類。',
  'web.enable-otlp-receiver': '`/api/v1/otlp/v1/metrics` で OTLP メトリクスを受け付ける。',
  'web.page-title': 'Web UI のページのタイトル。',
  'web.cors.origin': 'ブラウザからの呼び出しを許可するオリジンの正規表現（全体一致）。',
  'storage.tsdb.path': 'メトリクスを保存するディレクトリ。',
  'storage.tsdb.min-block-duration': 'ブロックの最短期間。',
  'storage.tsdb.max-block-duration': 'ブロックの最長期間。',
  'storage.tsdb.max-block-chunk-segment-size': 'ブロック内のチャンクセグメントの最大サイズ。',
  'storage.tsdb.wal-segment-size': 'WAL セグメントのサイズ。',
  'storage.tsdb.retention.time':
    'サンプルの保持期間。時間もサイズも指定がなければ 15d。（現時点では受理のみ。[operations.md](operations.md) を参照）',
  'storage.tsdb.retention.size': '保持するブロックの最大バイト数（例: 512MB）。',
  'storage.tsdb.retention': '`--storage.tsdb.retention.time` の旧名。',
  'storage.tsdb.no-lockfile': 'データディレクトリをロックしない。',
  'storage.tsdb.allow-overlapping-compaction': '重なったブロックを結合する。',
  'storage.tsdb.samples-per-chunk': '満杯のチャンクに入るサンプル数。',
  'storage.tsdb.delayed-compaction.max-percent': 'コンパクションをランダムに遅らせる最大の割合。',
  'storage.tsdb.delay-compact-file.path':
    'アップロード済みブロックの JSON ファイル。ここにないブロックはそれ以上コンパクションしない。',
  'storage.tsdb.block-reload-interval': '新しいブロックを確認する間隔。',
  'storage.agent.path': 'メトリクスを保存するディレクトリ（エージェントモード）。',
  'storage.agent.wal-segment-size': 'WAL セグメントのサイズ（エージェントモード）。',
  'storage.agent.wal-compression': 'WAL を圧縮する（エージェントモード）。',
  'storage.agent.wal-compression-type': 'WAL の圧縮方式（エージェントモード）。',
  'storage.agent.wal-truncate-frequency': 'WAL を切り詰める間隔（エージェントモード）。',
  'storage.agent.retention.min-time': 'これより新しいサンプルは残す（エージェントモード）。',
  'storage.agent.retention.max-time': 'これより古いサンプルは削除する（エージェントモード）。',
  'storage.agent.checkpoint-from-in-memory-series':
    'メモリ上の系列だけからチェックポイントを作る（エージェントモード）。',
  'storage.agent.checkpoint-batch-size':
    'チェックポイントの 1 レコードに入れる系列数（エージェントモード）。',
  'storage.agent.no-lockfile': 'データディレクトリをロックしない（エージェントモード）。',
  'storage.agent.use-lockfile': 'データディレクトリをロックする（エージェントモード）。',
  'storage.remote.flush-deadline': '終了時にリモートライトの完了を待つ時間。',
  'storage.remote.read-sample-limit': 'リモートリードの 1 応答に含める最大サンプル数。',
  'storage.remote.read-concurrent-limit': 'リモートリードの最大同時実行数。',
  'storage.remote.read-max-bytes-in-frame': 'リモートリードの 1 フレームの最大サイズ。',
  'web.search.max-limit': '検索 API の limit の上限。',
  'rules.alert.for-outage-tolerance': 'アラートの状態を引き継げる停止時間の上限。',
  'rules.alert.for-grace-period': '復元したアラートの最短待機時間。',
  'rules.alert.resend-delay': 'アラートを再送するまでの待ち時間。',
  'rules.max-concurrent-evals': '互いに独立したルールを同時に評価する最大数。',
  'scrape.adjust-timestamps': 'スクレイプの時刻を予定時刻に揃える。',
  'scrape.timestamp-tolerance': '時刻を揃える許容幅。',
  'scrape.discovery-reload-interval': '検出したターゲットを反映する間隔。',
  'alertmanager.notification-queue-capacity': '送信待ちにできる通知の最大数。',
  'alertmanager.notification-batch-size': '1 リクエストで送る通知の最大数。',
  'alertmanager.drain-notification-queue-on-shutdown': '終了前に送信待ちの通知を送り切る。',
  'alertmanager.enabled':
    'プロセス内の Alertmanager を動かす。ルールのアラートは設定ファイルの Alertmanager に加えてここにも届く。',
  'alertmanager.config.file':
    'プロセス内の Alertmanager の設定ファイル。指定しない場合、アラートとサイレンスは扱うが通知はしない。',
  'alertmanager.storage.path':
    'サイレンスと通知ログのディレクトリ。既定ではメトリクスのディレクトリ内の alertmanager。',
  'alertmanager.web.listen-address':
    'プロセス内の Alertmanager 専用の待ち受けアドレス。既定ではサーバーの /alertmanager 以下で応答する。',
  'alertmanager.data.retention': '終了したサイレンスと通知の記録を保持する期間。',
  'alertmanager.data.maintenance-interval': 'サイレンスと通知ログを整理して全体を書き直す間隔。',
  'alertmanager.silences.max-silences': 'サイレンスの最大数（終了後に保持しているものを含む）。0 = 無制限。',
  'alertmanager.silences.max-silence-size-bytes': 'サイレンス 1 件の最大サイズ。0 = 無制限。',
  'alertmanager.log.silences': 'サイレンスの変更をログに記録する。',
  'alertmanager.alerts.gc-interval': '解決済みのアラートを破棄する間隔。',
  'alertmanager.alerts.per-alertname-limit': '同じ名前のアラートの最大数。超えた分は破棄する。0 = 無制限。',
  'alertmanager.dispatch.start-delay':
    '起動後に通知を始めるまでの時間。--rules.alert.resend-delay と同じ長さにする。',
  'query.lookback-delta': '現在値とみなす最新サンプルの古さの上限。',
  'query.timeout': 'クエリの最長時間。',
  'query.max-concurrency': '同時に実行するクエリの最大数。',
  'query.max-samples': '1 クエリがメモリに保持できる最大サンプル数。',
  'query.max-memory': '1 クエリが使える最大メモリ量。0 = --query.max-memory-total の半分。',
  'query.max-memory-total':
    '全クエリの合計で使える最大メモリ量。0 = マシンまたはコンテナーのメモリの 4 分の 1（256MB 以上 8GB 以下）。',
  'enable-feature': '有効にする機能の名前（カンマ区切り）。',
  agent: 'スクレイプと転送だけを行う。',
  'log.level': '出力する最低のログレベル。debug、info、warn、error のいずれか。',
  'log.format': 'ログの形式。logfmt または json。',
};
