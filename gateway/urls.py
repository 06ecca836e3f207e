"""The environment's addresses (docs/architecture.md; wire contract 3.1). Sockets are in gateway.asgi."""

from django.urls import path, re_path

from gateway import attachment_views, guide_views, pages, views

CHANNEL = r"^chat/1\.0/brand/(?P<brand>[^/]+)/channel/(?P<channel>[^/]+)"

urlpatterns = [
    re_path(CHANNEL + r"$", views.channel_json),
    re_path(CHANNEL + r"/availability$", views.availability),
    re_path(CHANNEL + r"/persistent-menu-items$", views.persistent_menu_items),
    re_path(CHANNEL + r"/attachment$", views.attachment),
    path("agent/1.0/brand/<str:brand>/channel/<str:channel>/attachment", attachment_views.agent_upload),
    path("chat/1.0/brand/<str:brand>/messages/<str:message_id>", views.message),
    path("oauth/token", views.token),
    path("oauth/sign-out", views.sign_out),
    path("web-analytics/1.0/tenants/<str:brand>/visitors/<str:visitor>", views.web_analytics),
    path("web-analytics/1.0/tenants/<str:brand>/visitors/<str:visitor>/events", views.web_analytics),
    path("_push/v1/snapshots", views.push),
    path("_push/v1/customers", views.customers),
    path("_push/v1/counts", views.counts),
    path("_push/v1/outbox", views.outbox),
    path("files/<str:token>", attachment_views.file),
    path("files/<str:token>/<str:name>", attachment_views.file),
    path("healthz", views.healthz),
    path("metrics", views.metrics_page),
    path("guide/1/<str:brand>", guide_views.document),
    path("guide/1/<str:brand>/<str:guide>", guide_views.document),
    re_path(r"^frame/1/(?P<brand>[^/]+)/(?P<guide>guide_[^/]+)$", guide_views.frame),
    re_path(r"^test/(?P<brand>[^/]+)/(?P<guide>guide_[^/]+)(?:/(?P<page>.*))?$", guide_views.test_page),
    path("frame/1/<str:brand>/<str:channel>", pages.frame),
    path("test/<str:brand>/<str:channel>", pages.test_page),
    path("practice/<str:language>/<str:name>", pages.practice_file),
    re_path(r"", views.not_found),
]
