#include <boost/beast/websocket/ssl.hpp>

#include "feed/simulator/websocket_connection_impl.h"

namespace tradelake::feed {

template class WebsocketConnection<TlsStream>;

}  // namespace tradelake::feed
