// The work for jsonnet: run with -y, which writes a stream of documents. names.json is a list of names.
local names = import 'names.json';
local teams = ['payments', 'search', 'catalog', 'identity', 'media'];
local levels = ['debug', 'info', 'warn'];
local upstreams = [['auth', 9000], ['billing', 9200], ['cache', 9400]];

local sock(addr, port) = { socket_address: { address: addr, port_value: port } };
local assignment(name, addr, port) = {
  cluster_name: name,
  endpoints: [{ lb_endpoints: [{ endpoint: { address: sock(addr, port) } }] }],
};

local upstream(name, host, port, i) = {
  name: name,
  type: 'STRICT_DNS',
  connect_timeout: '1s',
  lb_policy: 'LEAST_REQUEST',
  dns_lookup_family: 'V4_ONLY',
  circuit_breakers: { thresholds: [{ priority: 'DEFAULT', max_connections: 100 + i % 50, max_pending_requests: 200 + i % 50, max_retries: 3 }] },
  health_checks: [{ timeout: '1s', interval: '5s', unhealthy_threshold: 3, healthy_threshold: 2, http_health_check: { path: '/healthz', host: name } }],
  load_assignment: assignment(name, host, port),
  transport_socket: {
    name: 'envoy.transport_sockets.tls',
    typed_config: { '@type': 'type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext', sni: host },
  },
};

local envoy(i, name, team, port, ingress) =
  local clusterOf(k) = name + '-' + k;
  {
    admin: { address: sock('127.0.0.1', 9901) },
    node: { id: name, cluster: team },
    static_resources: {
      listeners: [{
        name: 'ingress',
        address: sock('0.0.0.0', ingress),
        filter_chains: [{ filters: [{
          name: 'envoy.filters.network.http_connection_manager',
          typed_config: {
            '@type': 'type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager',
            stat_prefix: 'ingress_' + name,
            access_log: [{
              name: 'envoy.access_loggers.stdout',
              typed_config: { '@type': 'type.googleapis.com/envoy.extensions.access_loggers.stream.v3.StdoutAccessLog' },
            }],
            route_config: { name: 'local_route', virtual_hosts: [{
              name: 'local_service',
              domains: ['*'],
              routes: [
                {
                  match: { prefix: '/' + upstreams[j][0] + '/' },
                  route: {
                    cluster: clusterOf(upstreams[j][0]),
                    prefix_rewrite: '/',
                    timeout: (1 + (i + j) % 9) + 's',
                    retry_policy: { retry_on: 'connect-failure,refused-stream,unavailable', num_retries: 2 + j },
                  },
                }
                for j in std.range(0, std.length(upstreams) - 1)
              ] + [{ match: { prefix: '/' }, route: { cluster: 'local_app', timeout: '15s' } }],
            }] },
            http_filters: [{
              name: 'envoy.filters.http.router',
              typed_config: { '@type': 'type.googleapis.com/envoy.extensions.filters.http.router.v3.Router' },
            }],
          },
        }] }],
      }],
      clusters: [{ name: 'local_app', type: 'STATIC', connect_timeout: '0.25s', load_assignment: assignment('local_app', '127.0.0.1', port) }] + [
        upstream(clusterOf(u[0]), clusterOf(u[0]) + '.' + team + '.svc.cluster.local', u[1] + i % 100, i)
        for u in upstreams
      ],
    },
  };

local res(cpu, mem) = {
  requests: { cpu: cpu + 'm', memory: mem + 'Mi' },
  limits: { cpu: (2 * cpu) + 'm', memory: (2 * mem) + 'Mi' },
};

local service(i, name) =
  local team = teams[i % 5];
  local tag = '1.' + (i % 20) + '.' + (i % 7);
  local port = 8000 + i % 1000;
  local mport = 9100 + i % 100;
  local ingress = 15000 + i % 1000;
  local sel = { 'app.kubernetes.io/name': name };
  local labels = sel { 'app.kubernetes.io/part-of': team, 'app.kubernetes.io/version': tag, 'app.kubernetes.io/managed-by': 'platform' };
  local meta(n) = { name: n, namespace: team, labels: labels };
  [
    { apiVersion: 'v1', kind: 'ConfigMap', metadata: meta(name + '-envoy'), data: { 'envoy.yaml': std.manifestJsonMinified(envoy(i, name, team, port, ingress)) } },
    { apiVersion: 'v1', kind: 'Service', metadata: meta(name), spec: {
      clusterIP: 'None',
      selector: sel,
      ports: [
        { name: 'http', port: port, targetPort: 'http' },
        { name: 'envoy', port: ingress, targetPort: 'ingress' },
        { name: 'metrics', port: mport, targetPort: 'metrics' },
      ],
    } },
    { apiVersion: 'apps/v1', kind: 'Deployment', metadata: meta(name), spec: {
      replicas: 2 + i % 3,
      selector: { matchLabels: sel },
      strategy: { type: 'RollingUpdate', rollingUpdate: { maxSurge: 1, maxUnavailable: 0 } },
      template: {
        metadata: { labels: labels, annotations: { 'prometheus.io/scrape': 'true', 'prometheus.io/port': '' + mport } },
        spec: {
          serviceAccountName: name,
          containers: [
            {
              name: 'app',
              image: 'registry.example.com/' + team + '/' + name + ':' + tag,
              env: [
                { name: 'SERVICE_NAME', value: name },
                { name: 'TEAM', value: team },
                { name: 'LOG_LEVEL', value: levels[i % 3] },
                { name: 'HTTP_PORT', value: '' + port },
                { name: 'MAX_CONNS', value: '' + (100 + i % 50) },
                { name: 'POD_IP', valueFrom: { fieldRef: { fieldPath: 'status.podIP' } } },
              ],
              ports: [{ name: 'http', containerPort: port }, { name: 'metrics', containerPort: mport }],
              resources: res(100 + 50 * (i % 8), 128 + 64 * (i % 4)),
              readinessProbe: { httpGet: { path: '/ready', port: 'http' }, periodSeconds: 5, failureThreshold: 3 },
              livenessProbe: { httpGet: { path: '/healthz', port: 'http' }, initialDelaySeconds: 10 + i % 20, periodSeconds: 10 },
            },
            {
              name: 'envoy',
              image: 'envoyproxy/envoy:v1.31.' + (i % 5),
              args: ['-c', '/etc/envoy/envoy.yaml', '--service-cluster', name],
              ports: [{ name: 'ingress', containerPort: ingress }, { name: 'admin', containerPort: 9901 }],
              resources: res(50, 64),
              readinessProbe: { httpGet: { path: '/ready', port: 'admin' }, periodSeconds: 5 },
              volumeMounts: [{ name: 'envoy-config', mountPath: '/etc/envoy', readOnly: true }],
            },
          ],
          volumes: [{ name: 'envoy-config', configMap: { name: name + '-envoy' } }],
        },
      },
    } },
    { apiVersion: 'policy/v1', kind: 'PodDisruptionBudget', metadata: meta(name), spec: { maxUnavailable: 1, selector: { matchLabels: sel } } },
    { apiVersion: 'autoscaling/v2', kind: 'HorizontalPodAutoscaler', metadata: meta(name), spec: {
      scaleTargetRef: { apiVersion: 'apps/v1', kind: 'Deployment', name: name },
      minReplicas: 2 + i % 3,
      maxReplicas: 10 + i % 10,
      metrics: [{ type: 'Resource', resource: { name: 'cpu', target: { type: 'Utilization', averageUtilization: 60 + i % 20 } } }],
    } },
  ];

std.flattenArrays([service(i, names[i]) for i in std.range(0, std.length(names) - 1)])
